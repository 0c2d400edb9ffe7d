"""`aeforge config`: every setting with its source, changed in the file and nowhere else."""

import pytest

from tests.conftest import NOWHERE, Aeforge


def test_every_setting_is_listed_with_its_source(aeforge: Aeforge) -> None:
    aeforge("config", "set", "quality", "pro")

    run = aeforge("config", "list", "--json", env={"AEFORGE_JOBS": "4", "AEFORGE_API_KEY": "key-1234567890"})

    file = aeforge.home.config / "config.toml"
    assert run.rows == [
        {
            "schema": 1,
            "profile": "default",
            "settings": [
                {"name": "base_url", "value": NOWHERE, "source": "AEFORGE_BASE_URL", "variable": "AEFORGE_BASE_URL"},
                {
                    "name": "quality",
                    "value": "pro",
                    "source": f"profile default in {file}",
                    "variable": "AEFORGE_QUALITY",
                },
                {"name": "timeout", "value": "10m", "source": "the default", "variable": "AEFORGE_TIMEOUT"},
                {"name": "jobs", "value": "4", "source": "AEFORGE_JOBS", "variable": "AEFORGE_JOBS"},
                {"name": "api_key", "value": "...7890", "source": "AEFORGE_API_KEY", "variable": "AEFORGE_API_KEY"},
            ],
        }
    ]


def test_for_people_the_list_is_a_table(aeforge: Aeforge) -> None:
    run = aeforge("config", "list")

    assert run.stdout.splitlines()[0] == "profile default"
    assert ["timeout", "10m", "the", "default"] in [line.split() for line in run.stdout.splitlines()]


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
        (("set", "timeout", "soon"), "for example: 90, 90s, 10m or 1h; 0 means without limit"),
        (("set", "quality", "best"), "choose one of standard, pro"),
        (("set", "api_key", "secret"), "aeforge auth login"),
        (("get", "colour"), "choose one of base_url, quality, timeout, jobs"),
    ],
    ids=" ".join,
)
def test_nonsense_is_refused_and_nothing_is_written(aeforge: Aeforge, words: tuple[str, ...], hint: str) -> None:
    run = aeforge("config", *words, "--json")

    assert (run.ending, run.error["hint"]) == ((2, "usage"), hint)
    assert not (aeforge.home.config / "config.toml").exists()


def test_a_variable_that_wins_over_the_stored_value_is_told(aeforge: Aeforge) -> None:
    run = aeforge("config", "set", "quality", "pro", env={"AEFORGE_QUALITY": "standard"})

    assert run.stderr.splitlines()[-1] == "warning: AEFORGE_QUALITY is set, and wins over the stored value"


def test_the_path_is_printed_even_if_there_is_no_file(aeforge: Aeforge) -> None:
    assert aeforge("config", "path").stdout == f"{aeforge.home.config / 'config.toml'}\n"
