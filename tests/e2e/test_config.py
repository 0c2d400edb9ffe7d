"""`aeforge config`: every setting with its source, changed in the file and nowhere else."""

import os
from collections.abc import Mapping

import pytest

from aeforge_cli.config.catalogue import PROFILE, SETTINGS
from tests.conftest import NOWHERE, Aeforge, Home


def unset(name: str) -> dict[str, str]:
    return {"name": name, "value": "", "source": "the default", "variable": f"AEFORGE_{name.upper()}"}


def test_every_setting_is_listed_with_its_source(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro")

    run = aeforge("config", "list", "--json", env={"AEFORGE_JOBS": "4", "AEFORGE_API_KEY": "key-1234567890"})

    file = aeforge.home.config / "config.toml"
    assert run.rows == [
        {
            "schema": 1,
            "profile": "default",
            "settings": [
                {"name": "profile", "value": "default", "source": "the default", "variable": "AEFORGE_PROFILE"},
                {"name": "base_url", "value": NOWHERE, "source": "AEFORGE_BASE_URL", "variable": "AEFORGE_BASE_URL"},
                {
                    "name": "quality",
                    "value": "pro",
                    "source": f"profile default in {file}",
                    "variable": "AEFORGE_QUALITY",
                },
                {"name": "timeout", "value": "10m", "source": "the default", "variable": "AEFORGE_TIMEOUT"},
                {"name": "jobs", "value": "4", "source": "AEFORGE_JOBS", "variable": "AEFORGE_JOBS"},
                *(unset(name) for name in ("output", "budget", "account", "journal")),
                {
                    "name": "dashboard",
                    "value": "https://aetherforgeai.com",
                    "source": "the default",
                    "variable": "AEFORGE_DASHBOARD",
                },
                unset("api_key_command"),
                {"name": "prices", "value": None, "source": None, "variable": None},
                {"name": "api_key", "value": "...7890", "source": "AEFORGE_API_KEY", "variable": "AEFORGE_API_KEY"},
            ],
        }
    ]


def test_for_people_the_list_is_a_table(aeforge: Aeforge) -> None:
    run = aeforge("config", "list")

    rows = [line.split() for line in run.stdout.splitlines()]
    assert rows[:2] == [["NAME", "VALUE", "SOURCE"], ["profile", "default", "the", "default"]]
    assert ["timeout", "10m", "the", "default"] in rows


def test_what_is_set_is_what_is_got(aeforge: Aeforge) -> None:
    assert aeforge("config", "set", "timeout", "30m").exit == 0

    assert aeforge("config", "get", "timeout").stdout == "30m\n"


def test_a_setting_belongs_to_its_profile(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro", "--profile", "work")

    assert aeforge("config", "get", "quality").stdout == "standard\n"
    assert aeforge("config", "get", "quality", "--profile", "work").stdout == "pro\n"


def test_comments_of_the_file_are_kept(aeforge: Aeforge) -> None:
    file = aeforge.home.config / "config.toml"
    file.write_text('# mine\n[profiles.default]\nquality = "pro"  # slow\n')
    file.chmod(0o600)

    aeforge("config", "set", "timeout", "1h")

    assert file.read_text() == '# mine\n[profiles.default]\nquality = "pro"  # slow\ntimeout = "1h"\n'


def test_what_is_unset_is_the_default_again(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro")

    run = aeforge("config", "unset", "quality")

    assert (run.exit, run.stderr) == (0, "quality is standard, from the default\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("set", "timeout", "soon"), "for example 90s, 10m or 1h; 0 means no limit"),
        (("set", "quality", "best"), "choose one of standard, pro"),
        (("set", "api_key", "secret"), "aeforge auth login"),
        (("get", "colour"), f"choose one of {', '.join((PROFILE.name, *SETTINGS))}"),
        (("set", "profile", "a b"), "use letters, digits, - and _"),
        (("set", "profile", "work"), "to make it: aeforge auth login --profile work"),
        (("set", "profile", "default", "--profile", "work"), "leave --profile out"),
        (("unset", "profile", "--profile", "work"), "leave --profile out"),
    ],
    ids=" ".join,
)
def test_nonsense_is_refused_and_nothing_is_written(aeforge: Aeforge, words: tuple[str, ...], hint: str) -> None:
    run = aeforge("config", *words, "--json")

    assert (run.ending, run.error["hint"]) == ((2, "usage"), hint)
    assert not (aeforge.home.config / "config.toml").exists()


def test_a_variable_that_wins_over_the_stored_value_is_told(aeforge: Aeforge) -> None:
    run = aeforge("config", "set", "quality", "pro", env={"AEFORGE_QUALITY": "standard"})

    assert run.stderr.splitlines()[-1] == "warning: AEFORGE_QUALITY is set and wins over the stored value"


def test_the_path_is_printed_even_if_there_is_no_file(aeforge: Aeforge) -> None:
    assert aeforge("config", "path").stdout == f"{aeforge.home.config / 'config.toml'}\n"


# ------------------------------------------------------------------ the profile


def test_the_profile_that_is_set_is_used_where_none_is_named(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro", "--profile", "work")

    run = aeforge("config", "set", "profile", "work")

    file = aeforge.home.config / "config.toml"
    chosen = {"schema": 1, "name": "profile", "value": "work", "source": str(file), "variable": "AEFORGE_PROFILE"}
    assert (run.exit, run.stdout, run.stderr) == (0, "", "the profile is work\n")
    assert file.read_text() == 'profile = "work"\n\n[profiles.work]\nquality = "pro"\n'
    assert aeforge("config", "get", "profile", "--json").rows == [chosen]
    assert aeforge("config", "get", "quality").stdout == "pro\n"
    assert aeforge("config", "get", "quality", "--profile", "default").stdout == "standard\n"


@pytest.mark.parametrize(
    ("words", "env", "expected"),
    [((), {"AEFORGE_PROFILE": "home"}, "home\n"), (("--profile", "other"), {"AEFORGE_PROFILE": "home"}, "other\n")],
    ids=["the variable", "the option"],
)
def test_a_profile_that_is_named_wins_over_the_one_that_is_set(
    aeforge: Aeforge, words: tuple[str, ...], env: Mapping[str, str], expected: str
) -> None:
    for name in ("work", "home", "other"):
        aeforge("config", "set", "quality", "pro", "--profile", name)
    aeforge("config", "set", "profile", "work")

    assert aeforge("config", "get", "profile", *words, env=env).stdout == expected


def test_a_profile_that_is_unset_is_the_default_one_again(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro", "--profile", "work")
    aeforge("config", "set", "profile", "work")

    run = aeforge("config", "unset", "profile")

    assert (run.exit, run.stderr) == (0, "profile is default, from the default\n")
    assert aeforge("config", "get", "quality").stdout == "standard\n"


def test_setting_a_profile_tells_of_the_variable_that_wins(aeforge: Aeforge) -> None:
    run = aeforge("config", "set", "profile", "default", env={"AEFORGE_PROFILE": "home"})

    assert run.stderr.splitlines()[-1] == "warning: AEFORGE_PROFILE is set and wins over the stored value"


def test_a_profile_that_does_not_exist_is_refused_with_those_that_do(aeforge: Aeforge) -> None:
    for name in ("work", "home"):
        aeforge("config", "set", "quality", "pro", "--profile", name)

    run = aeforge("config", "set", "profile", "wrok")

    assert (run.exit, run.stderr.splitlines()) == (
        2,
        [
            "error: There is no profile wrok",
            "why:   known profiles: default, home, work",
            "next:  to make it: aeforge auth login --profile wrok",
        ],
    )


def test_a_profile_that_the_file_names_wrongly_can_be_corrected(aeforge: Aeforge) -> None:
    file = aeforge.home.config / "config.toml"
    file.write_text('profile = "a b"  # mine\n')
    file.chmod(0o600)

    refused = aeforge("config", "get", "quality", "--json")
    mended = aeforge("config", "set", "profile", "default")

    assert refused.error["message"] == f"'a b' is not a valid profile name (from {file})"
    assert (mended.exit, file.read_text()) == (0, 'profile = "default"  # mine\n')


# ------------------------------------------------------------------ what is wrong can be seen and mended


def test_a_value_that_is_not_valid_is_listed_with_what_is_wrong(aeforge: Aeforge) -> None:
    file = aeforge.home.config / "config.toml"
    file.write_text('[profiles.default]\nquality = "best"\n')
    file.chmod(0o600)

    run = aeforge("config", "list", "--json")

    (row,) = (row for row in run.rows[0]["settings"] if "error" in row)
    assert (run.exit, row["name"], row["value"]) == (0, "quality", "best")
    assert row["error"] == f"'best' is not a valid quality (from profile default in {file})"
    assert aeforge("config", "set", "timeout", "1h").exit == 0
    assert aeforge("config", "set", "quality", "pro").exit == 0
    assert aeforge("config", "get", "quality").stdout == "pro\n"


@pytest.mark.parametrize("text", ["= x", "profiles = 1", "\udcff"])
def test_the_path_of_a_file_that_cannot_be_read_is_printed(aeforge: Aeforge, text: str) -> None:
    file = aeforge.home.config / "config.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))

    assert aeforge("config", "path").stdout == f"{file}\n"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_refused_and_stays_what_it_is(aeforge: Aeforge, kind: str) -> None:
    file = aeforge.home.config / "config.toml"
    if kind == "pipe":
        os.mkfifo(file, 0o644)
    else:
        file.symlink_to(os.devnull)
    before = file.stat()

    runs = [aeforge("config", *words, "--json") for words in (("list",), ("set", "quality", "pro"), ("get", "quality"))]

    assert [run.ending for run in runs[1:]] == [(2, "config_invalid")] * 2
    assert runs[1].error["message"] == f"{file} cannot be read: it is a {kind}, not a regular file"
    after = file.stat()
    assert (after.st_mode, after.st_ino, after.st_rdev) == (before.st_mode, before.st_ino, before.st_rdev)


def test_a_new_profile_is_told_as_one(aeforge: Aeforge) -> None:
    first = aeforge("config", "set", "quality", "pro", "--profile", "work")
    second = aeforge("config", "set", "timeout", "1h", "--profile", "work")

    assert first.stderr == "quality of the new profile work is pro\n"
    assert second.stderr == "timeout of profile work is 1h\n"


def test_the_password_of_a_journal_is_never_shown(aeforge: Aeforge) -> None:
    aeforge("config", "set", "journal", "postgresql://me:secret@db.test/jobs")
    aeforge("config", "get", "journal")
    aeforge("config", "list", "--json")
    aeforge("doctor", "--offline")

    assert "secret" not in "".join(run.stdout + run.stderr for run in aeforge.runs)
    assert aeforge.runs[1].stdout == "postgresql://me:***@db.test/jobs\n"


def test_budgets_of_all_sources_are_listed(aeforge: Aeforge) -> None:
    aeforge("config", "set", "budget", "200/day")

    run = aeforge("config", "list", "--json", env={"AEFORGE_BUDGET": "30 credits/week"})

    (row,) = (row for row in run.rows[0]["settings"] if row["name"] == "budget")
    assert row["value"] == "30 credits/week and 200/day"
    assert row["source"].startswith("AEFORGE_BUDGET and profile default in ")


def test_a_config_file_that_cannot_be_read_is_told_once(aeforge: Aeforge, home: Home) -> None:
    (home.config / "config.toml").write_text("[profiles\n")

    run = aeforge("config", "list")

    assert run.exit == 2
    assert run.stderr.count("is not valid TOML") == 1


def test_a_value_of_the_wrong_kind_is_named_once(aeforge: Aeforge, home: Home) -> None:
    (home.config / "config.toml").write_text("[profiles.default]\ntimeout = [1]\n")

    run = aeforge("config", "list")

    assert run.exit == 0
    assert "warning: timeout is not valid: it must be text or a number, not a list" in run.stderr
