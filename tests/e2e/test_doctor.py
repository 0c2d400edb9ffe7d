"""`aeforge doctor`: each thing that a job needs is fine, or comes with what to do."""

import pytest

from aeforge_cli import __version__
from tests.conftest import NOWHERE, Aeforge, Run

KEY = {"AEFORGE_API_KEY": "key-1234567890"}


def judged(run: Run) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in run.rows[0]["checks"]}


def details(run: Run) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in run.rows[0]["checks"]}


def test_where_all_is_well_every_line_says_so(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--sandbox")

    assert (run.exit, [line.split()[:2] for line in run.stdout.splitlines()]) == (
        0,
        [
            ["ok", name]
            for name in (
                "version",
                "python",
                "config",
                "values",
                "budget",
                "journal",
                "key",
                "proxy",
                "trust",
                "service",
                "sandbox",
            )
        ],
    )
    assert run.stdout.splitlines()[0] == f"ok  version  aeforge {__version__}"


def test_without_a_key_the_next_step_is_named(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--offline", "--json")

    (key,) = (check for check in run.rows[0]["checks"] if not check["ok"])
    assert run.ending == (4, "not_signed_in")
    assert (key["name"], key["code"], key["hint"].startswith("aeforge auth login")) == ("key", "not_signed_in", True)


def test_a_service_that_cannot_be_reached_is_told_from_a_missing_key(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--json", env=KEY)

    assert run.ending == (5, "unreachable")
    assert [name for name, fine in judged(run).items() if not fine] == ["service"]


def test_without_a_key_the_service_is_asked_all_the_same(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--json")

    assert [name for name, fine in judged(run).items() if not fine] == ["key", "service"]


def test_a_state_folder_that_cannot_be_written_is_named_with_the_way_out(aeforge: Aeforge) -> None:
    (aeforge.home.work / "file").write_text("")

    run = aeforge("doctor", "--offline", "--json", env={**KEY, "AEFORGE_STATE_DIR": str(aeforge.home.work / "file/x")})

    (journal,) = (check for check in run.rows[0]["checks"] if not check["ok"])
    assert run.ending == (9, "cannot_save")
    assert (journal["name"], journal["hint"]) == ("journal", "name another folder with AEFORGE_STATE_DIR")


def test_a_state_folder_whose_name_is_too_long_is_refused_as_one_that_cannot_be_written(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--offline", "--json", env={**KEY, "AEFORGE_STATE_DIR": f"/tmp/{'x' * 300}"})

    (journal,) = (check for check in run.rows[0]["checks"] if not check["ok"])
    assert run.ending == (9, "cannot_save")
    assert (journal["name"], journal["hint"]) == ("journal", "name another folder with AEFORGE_STATE_DIR")


def test_the_proxy_and_the_trusted_certificates_in_force_are_told_without_secrets(aeforge: Aeforge) -> None:
    env = {
        **KEY,
        "AEFORGE_BASE_URL": "https://api.example/v1",
        "HTTPS_PROXY": "http://user:secret@proxy.example:3128",
        "SSL_CERT_FILE": "/etc/own.pem",
    }

    run = aeforge("doctor", "--offline", "--json", env=env)

    told = {check["name"]: check["detail"] for check in run.rows[0]["checks"]}
    assert (told["proxy"], told["trust"]) == ("http://proxy.example:3128 for the service", "/etc/own.pem")
    assert "key-1234567890" not in run.stdout + run.stderr


def test_the_source_of_the_key_is_told_and_the_key_is_masked(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--offline", env={**KEY, "AEFORGE_BASE_URL": NOWHERE})

    assert (run.exit, "ok  key      ...7890 from AEFORGE_API_KEY\n" in run.stdout) == (0, True)


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("user:secret@proxy.example:3128", "http://proxy.example:3128 for the service"),
        ("http://user:secret@proxy.example/", "http://proxy.example for the service"),
        ("user:se/cret@proxy.example:3128", "The proxy in HTTPS_PROXY cannot be used: its user or password holds "),
        ("proxy.example:secret", "The proxy in HTTPS_PROXY cannot be used: it is not an address with a host"),
        ("foo://secret@proxy.example:1", "The proxy in HTTPS_PROXY cannot be used: foo:// is not a scheme of proxies"),
    ],
)
def test_a_password_of_a_proxy_is_not_shown_however_it_is_written(aeforge: Aeforge, proxy: str, shown: str) -> None:
    env = {**KEY, "AEFORGE_BASE_URL": "https://api.example/v1", "HTTPS_PROXY": proxy}

    run = aeforge("doctor", "--offline", "--json", env=env)

    assert (details(run)["proxy"][: len(shown)], "secret" in run.stdout + run.stderr) == (shown, False)


def test_a_value_that_is_not_valid_is_named_and_the_other_checks_go_on(aeforge: Aeforge) -> None:
    file = aeforge.home.config / "config.toml"
    file.write_text('[profiles.default]\nquality = "best"\n')
    file.chmod(0o600)

    run = aeforge("doctor", "--offline", "--json", env=KEY)

    assert run.ending == (2, "usage")
    assert [name for name, fine in judged(run).items() if not fine] == ["values"]
    assert details(run)["values"] == f"'best' is not a valid quality (from profile default in {file})"


def test_the_settings_in_force_are_told_with_their_sources(aeforge: Aeforge) -> None:
    env = {**KEY, "AEFORGE_QUALITY": "pro", "AEFORGE_BUDGET": "200/day", "AEFORGE_BASE_URL": None}

    told = details(aeforge("doctor", "--offline", "--json", env=env))

    assert told["values"] == ("quality pro (AEFORGE_QUALITY), budget 200/day (AEFORGE_BUDGET), the rest by default")
    assert told["budget"] == "200/day (AEFORGE_BUDGET)"


def test_a_budget_in_a_unit_needs_prices_in_it(aeforge: Aeforge) -> None:
    run = aeforge("doctor", "--offline", "--json", env={**KEY, "AEFORGE_BUDGET": "30 credits/day"})

    assert [name for name, fine in judged(run).items() if not fine] == ["budget"]
    assert details(run)["budget"].startswith("The budget 30 credits/day needs prices")
