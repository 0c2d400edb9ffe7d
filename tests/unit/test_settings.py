"""Where every value comes from, and where the key is kept."""

import multiprocessing
import os
import resource
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.config.catalogue import DEFAULT_BASE_URL, DEFAULT_DASHBOARD, SETTINGS, interval, seconds
from aeforge_cli.config.file import ConfigFile
from aeforge_cli.config.settings import Settings, Value
from aeforge_cli.errors import AeforgeError, CannotSave, ConfigInvalid, NotSignedIn, Usage
from tests.faults.tracing import calls, tracing

KEY = "sk-0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "config.toml"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def settings(
    path: Path, environment: Mapping[str, str] | None = None, profile: str | None = None, **options: str
) -> Settings:
    return Settings({"AEFORGE_CONFIG_DIR": str(path.parent), **(environment or {})}, profile=profile, options=options)


def told(error: AeforgeError) -> tuple[type[AeforgeError], str, str]:
    return type(error), error.message, error.why


# ------------------------------------------------------------------ where a value comes from

BY_SOURCE = {
    "base_url": ("https://option.test", "https://environment.test", "https://file.test", DEFAULT_BASE_URL),
    "quality": ("pro", "pro", "pro", "standard"),
    "timeout": ("1h", "30m", "20m", "10m"),
    "jobs": ("1", "2", "3", "16"),
    "output": ("a/", "b/", "c/", ""),
    "budget": ("1/day", "2/week", "3/month", ""),
    "account": ("a", "b", "c", ""),
    "journal": ("postgresql://a/x", "postgresql://b/x", "postgresql://c/x", ""),
    "dashboard": ("https://a.test", "https://b.test", "https://c.test", DEFAULT_DASHBOARD),
    "api_key_command": ("a", "b", "c", ""),
}


def test_every_setting_has_its_order_tested() -> None:
    assert set(BY_SOURCE) == set(SETTINGS)


@pytest.mark.parametrize(("name", "values"), BY_SOURCE.items(), ids=BY_SOURCE)
def test_an_option_beats_the_environment_which_beats_the_file_which_beats_the_default(
    path: Path, name: str, values: tuple[str, str, str, str]
) -> None:
    option, variable, kept, default = values
    write(path, f'[profiles.default]\n{name} = "{kept}"')
    environment = {f"AEFORGE_{name.upper()}": variable}

    assert settings(path, environment, **{name: option})[name] == Value(option, f"--{name.replace('_', '-')}")
    assert settings(path, environment)[name] == Value(variable, f"AEFORGE_{name.upper()}")
    assert settings(path)[name] == Value(kept, f"profile default in {path}")
    assert settings(path.parent / "none" / "x")[name] == Value(default, "the default")


def test_an_empty_variable_is_not_set(path: Path) -> None:
    assert settings(path, {"AEFORGE_TIMEOUT": ""})["timeout"].source == "the default"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("quality", "best", "'best' is not a valid quality (from AEFORGE_QUALITY)"),
        ("timeout", "soon", "'soon' is not a valid duration (from AEFORGE_TIMEOUT)"),
        ("jobs", "0", "'0' is not a valid number of jobs (from AEFORGE_JOBS)"),
        ("jobs", "many", "'many' is not a valid number of jobs (from AEFORGE_JOBS)"),
        ("base_url", "http://a.example", "The base URL must begin with https:// (from AEFORGE_BASE_URL)"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_source(
    path: Path, name: str, value: str, message: str
) -> None:
    with pytest.raises(Usage) as refused:
        _ = settings(path, {f"AEFORGE_{name.upper()}": value})[name]

    assert refused.value.message == message


DURATIONS = {"90": 90, "90s": 90, "10m": 600, "1h": 3600, "1.5h": 5400, " 2 m ": 120, "0": None, "0h": None, "0.5": 0.5}


@pytest.mark.parametrize(("text", "found"), DURATIONS.items(), ids=DURATIONS)
def test_durations_are_written_as_people_write_them(text: str, found: float | None) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "m", "-1", "1d", "1h30m", "inf", "nan", "1e3", "9" * 10, "\u0663", "1_0"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="is not a valid duration"):
        seconds(text)


# ------------------------------------------------------------------ profiles and the key


@pytest.mark.parametrize("text", ["0", "0s", "-1", "-5s", "soon", ""])
def test_an_interval_is_longer_than_none(text: str) -> None:
    with pytest.raises(Usage, match="is not a valid"):
        interval(text)


def test_an_interval_is_written_as_a_duration() -> None:
    assert interval("2s") == 2


def test_the_profile_is_that_of_the_option_the_environment_or_the_file(path: Path) -> None:
    write(path, 'profile = "from-file"\n[profiles.from-environment]\n[profiles.from-option]')

    assert settings(path, {"AEFORGE_PROFILE": "from-environment"}, "from-option").profile == "from-option"
    assert settings(path, {"AEFORGE_PROFILE": "from-environment"}).profile == "from-environment"
    assert settings(path).profile == "from-file"
    assert settings(path.parent / "none" / "x").profile == "default"


@pytest.mark.parametrize("name", ["", "a b", "a.b", "../x", "a" * 65, "ä"])
def test_a_profile_has_a_plain_name(path: Path, name: str) -> None:
    write(path, f'profile = "{name}"')

    with pytest.raises(Usage, match="is not a valid profile name"):
        _ = settings(path).profile


def test_each_profile_has_its_own_key(path: Path) -> None:
    write(path, '[profiles.work]\napi_key = "sk-work"\n[profiles.default]\napi_key = "sk-home"')

    found = {name: settings(path, profile=name).key() for name in ("work", "default")}

    assert {name: (key.reveal(), source) for name, (key, source) in found.items()} == {
        "work": ("sk-work", f"profile work in {path}"),
        "default": ("sk-home", f"profile default in {path}"),
    }


def test_the_key_of_the_environment_wins(path: Path) -> None:
    write(path, '[profiles.default]\napi_key = "sk-home"')

    key, source = settings(path, {"AEFORGE_API_KEY": f" {KEY}\n"}).key()

    assert (key.reveal(), source) == (KEY, "AEFORGE_API_KEY")


def test_without_a_key_one_is_told_how_to_sign_in(path: Path) -> None:
    with pytest.raises(NotSignedIn) as refused:
        settings(path).key()

    assert told(refused.value) == (
        NotSignedIn,
        "There is no API key",
        (
            "neither AEFORGE_API_KEY nor profile default has one; API keys are issued at https://aetherforgeai.com;"
            " --sandbox needs none"
        ),
    )
    assert refused.value.hint == "aeforge auth login"


def test_the_hint_to_sign_in_names_the_profile_that_was_given(path: Path) -> None:
    write(path, '[profiles.work]\nquality = "pro"\ndashboard = "https://keys.test"')

    with pytest.raises(NotSignedIn) as refused:
        settings(path, profile="work").key()

    assert refused.value.hint == "aeforge auth login --profile work"
    assert "API keys are issued at https://keys.test;" in refused.value.why


@pytest.mark.parametrize(
    ("environment", "profile"), [({}, "wrok"), ({"AEFORGE_PROFILE": "wrok"}, None)], ids=["option", "variable"]
)
def test_a_profile_that_does_not_exist_is_refused_with_the_known_ones(
    path: Path, environment: dict[str, str], profile: str | None
) -> None:
    write(path, "[profiles.work]\n[profiles.home]")
    found = settings(path, {"AEFORGE_API_KEY": KEY, **environment}, profile)

    with pytest.raises(Usage) as refused:
        _ = found["quality"]

    assert told(refused.value) == (Usage, "There is no profile wrok", "known profiles: default, home, work")
    assert refused.value.hint == "to make it: aeforge auth login --profile wrok"


def test_a_command_that_makes_profiles_may_name_a_new_one(path: Path) -> None:
    found = settings(path, profile="new")
    found.allow_new_profile()

    assert (found.profile, found["quality"].text) == ("new", "standard")


def test_the_key_of_a_profile_that_an_option_names_wins_over_the_environment(path: Path) -> None:
    write(path, '[profiles.work]\napi_key = "sk-work"\n[profiles.keyless]\nquality = "pro"')
    environment = {"AEFORGE_API_KEY": KEY}

    found = {
        "option": settings(path, environment, "work").key()[0].reveal(),
        "variable": settings(path, {**environment, "AEFORGE_PROFILE": "work"}).key()[0].reveal(),
        "an option without a key": settings(path, environment, "keyless").key()[0].reveal(),
    }

    assert found == {"option": "sk-work", "variable": KEY, "an option without a key": KEY}


def test_a_program_may_print_the_key_and_runs_once(path: Path, tmp_path: Path) -> None:
    write(path, f"[profiles.default]\napi_key_command = \"sh -c 'echo ran >> {tmp_path}/runs; echo {KEY}'\"")
    found = settings(path)

    keys = {found.key()[0].reveal() for _ in range(3)}

    assert (keys, (tmp_path / "runs").read_text()) == ({KEY}, "ran\n")
    assert found.key()[1] == f"api_key_command of profile default in {path}"


def test_where_the_key_comes_from_can_be_told_without_running_a_program(path: Path) -> None:
    write(path, "[profiles.default]\napi_key_command = 'false'")
    source = settings(path).key_source()

    assert (source.name, source.is_at_hand) == (f"api_key_command of profile default in {path}", False)


def test_a_stored_key_is_used_before_a_program(path: Path) -> None:
    write(path, f"[profiles.default]\napi_key = '{KEY}'\napi_key_command = 'false'")

    assert settings(path).key()[0].reveal() == KEY


@pytest.mark.parametrize("value", ["[1]", "true", "1979-05-27", "{ a = 1 }"])
def test_a_key_that_is_no_text_is_told_with_its_place(path: Path, value: str) -> None:
    write(path, f"[profiles.default]\napi_key = {value}")

    with pytest.raises(ConfigInvalid, match="must be text or a number") as refused:
        settings(path).key()

    assert f"(from profile default in {path})" in refused.value.message


# ------------------------------------------------------------------ settings that are more than a word


def test_all_budgets_that_are_set_hold_at_once(path: Path) -> None:
    write(path, '[profiles.default]\nbudget = "200/day"')

    found = settings(path, {"AEFORGE_BUDGET": "30 credits/week"}, budget="1000/month").budgets()

    assert [(str(budget), source) for budget, source in found] == [
        ("1000/month", "--budget"),
        ("30 credits/week", "AEFORGE_BUDGET"),
        ("200/day", f"profile default in {path}"),
    ]


@pytest.mark.parametrize("value", ["", "0", "many", "5/fortnight"])
def test_a_budget_that_is_not_valid_is_refused_and_none_is_no_limit(path: Path, value: str) -> None:
    write(path, f'[profiles.default]\nbudget = "{value}"')

    if not value:
        assert settings(path).budgets() == []
    else:
        with pytest.raises(Usage, match="is not a valid budget"):
            settings(path).budgets()


PLACES = {"out": "out/", "out/": "out/", "out/{stem}.{ext}": "out/{stem}.{ext}", "": None}


@pytest.mark.parametrize(("value", "output"), PLACES.items(), ids=PLACES)
def test_a_default_output_is_a_folder_or_a_template(path: Path, value: str, output: str | None) -> None:
    write(path, f'[profiles.default]\noutput = "{value}"')

    assert settings(path).output == output


def test_a_default_output_may_be_in_the_home(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, "[profiles.default]\noutput = '~/pictures'")
    monkeypatch.setenv("HOME", "/home/me")

    assert settings(path).output == "/home/me/pictures/"


@pytest.mark.parametrize("value", ["-", "a\nb", "{nope}", "\x7f"])
def test_what_is_no_output_is_refused(path: Path, value: str) -> None:
    with pytest.raises(Usage):
        _ = settings(path, {"AEFORGE_OUTPUT": value}).output


JOURNALS = {
    "postgresql://me:secret@db.test:5432/jobs?sslmode=require": "postgresql://me:***@db.test:5432/jobs?sslmode=require",
    "postgres://me:se%2Fcret%23@db.test/jobs": "postgres://me:***@db.test/jobs",
    "postgresql://db.test/jobs?user=me&password=secret&port=1": "postgresql://db.test/jobs?user=me&password=***&port=1",
    "postgresql://db.test/jobs?sslpassword=secret": "postgresql://db.test/jobs?sslpassword=***",
    "postgresql://db.test/jobs?user=me&oauth_client_secret=secret": (
        "postgresql://db.test/jobs?user=me&oauth_client_secret=***"
    ),
    "postgresql://db.test/jobs;password=secret": "postgresql://db.test/jobs;password=***",
    "postgresql:///jobs": "postgresql:///jobs",
}


@pytest.mark.parametrize(("value", "shown"), JOURNALS.items(), ids=JOURNALS)
def test_the_password_of_a_journal_is_never_shown(path: Path, value: str, shown: str) -> None:
    found = settings(path, {"AEFORGE_JOURNAL": value})

    assert (found["journal"].text, found.shown("journal").text) == (value, shown)


@pytest.mark.parametrize(
    "value",
    [
        *("mysql://me:secret@db", "me:secret@db", "postgresql://me:sec ret@db", "secret", "postgresql://db/x#secret"),
        *(
            f"postgresql://me:{password}@db/x"
            for password in ("p@secret", "secret/p", "secret?p", "secret#p", "p/secret")
        ),
    ],
)
def test_a_journal_that_is_not_valid_is_refused_without_showing_it(path: Path, value: str) -> None:
    found = settings(path, {"AEFORGE_JOURNAL": value})

    with pytest.raises(Usage) as refused:
        _ = found["journal"]

    told_all = f"{refused.value.as_json()} {found.shown('journal')} {found.shown('journal').error}"
    assert "secret" not in told_all
    assert "ret@db" not in told_all


def test_prices_are_those_of_the_profile(path: Path) -> None:
    write(path, "[profiles.work.prices]\nunit = 'euros'\ninpaint.pro = 0.10")

    found = settings(path, profile="work").prices()

    assert (found.unit, str(found.of("inpaint", "pro"))) == ("euros", "0.10")
    assert settings(path).prices().table == {}


def test_a_price_that_is_not_valid_is_told_with_its_name(path: Path) -> None:
    write(path, "[profiles.work.prices]\ninpaint.pro = 'much'")

    with pytest.raises(ConfigInvalid) as refused:
        settings(path, profile="work").check()

    assert refused.value.message == f"{path}: profiles.work.prices.inpaint.pro is not a valid price: 'much'"


def test_a_value_that_is_not_valid_can_be_shown(path: Path) -> None:
    write(path, '[profiles.default]\nquality = "best"')

    shown = settings(path).shown("quality")

    assert (shown.text, shown.source, shown.error and shown.error.message) == (
        "best",
        f"profile default in {path}",
        f"'best' is not a valid quality (from profile default in {path})",
    )


# ------------------------------------------------------------------ history and folders


@pytest.mark.parametrize(("value", "kept"), [("", True), ("0", True), ("1", False), ("yes", False)])
def test_history_is_kept_unless_it_is_declined(path: Path, value: str, kept: bool) -> None:
    assert settings(path, {"AEFORGE_NO_HISTORY": value}).keeps_history is kept


def test_folders_are_those_that_are_named(tmp_path: Path) -> None:
    found = Settings(
        {"AEFORGE_CONFIG_DIR": str(tmp_path / "c"), "AEFORGE_STATE_DIR": str(tmp_path / "s")}, profile=None
    )

    assert (found.config_dir, found.state_dir) == (tmp_path / "c", tmp_path / "s")


# ------------------------------------------------------------------ reading the file

DAMAGE = {
    "no toml": ("= x", "is not valid TOML"),
    "a list of profiles": ("profiles = []", "`profiles` is not a table"),
    "a profile that is no table": ("[profiles]\ndefault = 1", "profile default is not a table"),
}


@pytest.mark.parametrize(("text", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_file_that_makes_no_sense_is_told_as_one(path: Path, text: str, message: str) -> None:
    write(path, text)

    with pytest.raises(ConfigInvalid) as refused:
        settings(path).key()

    assert message in refused.value.message


def test_a_file_in_another_encoding_is_told_as_one(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes("# caf\u00e9".encode("latin-1"))

    with pytest.raises(ConfigInvalid, match="is not UTF-8 text"):
        _ = ConfigFile(path).content


def test_a_byte_order_mark_is_no_mistake(path: Path) -> None:
    write(path, "\ufeff[profiles.default]\nquality = 'pro'")

    assert settings(path)["quality"].text == "pro"


def test_names_that_are_not_known_are_told(path: Path) -> None:
    write(path, 'colour = 1\n[profiles.work]\nqualty = "pro"\nquality = "pro"')
    warnings: list[str] = []
    _ = ConfigFile(path, warnings.append).content

    assert warnings == [
        f"{path}: colour is not a known setting, and is ignored",
        f"{path}: profiles.work.qualty is not a known setting, and is ignored",
    ]


def test_a_file_that_others_could_read_is_made_private_with_a_warning(path: Path) -> None:
    write(path, "", mode=0o644)
    path.parent.chmod(0o755)
    warnings: list[str] = []
    _ = ConfigFile(path, warnings.append).content

    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)] == [0o700, 0o600]
    assert warnings == [f"{each} could be read by others; it is private now" for each in (path.parent, path)]


@pytest.fixture
def theirs(path: Path) -> Path:
    """A config file of another user, as root sees it over a mount."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root gives files away")
    write(path, f'[profiles.default]\napi_key = "{KEY}"\nquality = "pro"\n', mode=0o644)
    for each in (path, path.parent):
        os.chown(each, 1000, 1000)
    return path


def test_of_another_users_file_only_the_key_is_refused(theirs: Path) -> None:
    with pytest.raises(NotSignedIn) as refused:
        settings(theirs).key()

    assert refused.value.why == f"{theirs} belongs to another user (uid 1000)"
    assert settings(theirs)["quality"].text == "pro"
    assert settings(theirs, {"AEFORGE_API_KEY": "sk-mine"}).key()[0].reveal() == "sk-mine"
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o644


def test_another_users_file_stays_his_when_it_is_changed(theirs: Path) -> None:
    ConfigFile(theirs).change("default", {"quality": "standard"})

    assert settings(theirs)["quality"].text == "standard"
    assert {each.stat().st_uid for each in (theirs, theirs.with_name("config.lock"))} == {1000}


@pytest.mark.parametrize("name", ["api_key", "keyring", "api_key_command"])
def test_no_key_is_stored_in_another_users_file(theirs: Path, name: str) -> None:
    before = theirs.read_text()

    with pytest.raises(CannotSave, match="cannot hold a key"):
        ConfigFile(theirs).change("default", {name: "x"})

    assert theirs.read_text() == before


@pytest.mark.parametrize("name", ["config.toml", "config.lock"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_regular_file_is_neither_read_nor_locked_nor_replaced(path: Path, kind: str, name: str) -> None:
    path.parent.mkdir(mode=0o700)
    odd = path.with_name(name)
    match kind:
        case "pipe":
            os.mkfifo(odd, 0o644)
        case "folder":
            odd.mkdir()
        case _:
            odd.symlink_to(os.devnull)
    before = odd.stat()

    with pytest.raises((ConfigInvalid, CannotSave)) as refused:
        ConfigFile(path).change("work", {"quality": "pro"})

    assert refused.value.why == f"it is a {kind}, not a regular file"
    assert (odd.stat().st_mode, odd.stat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("text", ["a = " + "[" * 10_000, "a = " + "9" * 5000, "x" * (2 << 20)])
def test_a_file_of_monstrous_values_is_told_as_one(path: Path, text: str) -> None:
    write(path, text)

    with pytest.raises(ConfigInvalid):
        _ = settings(path)["quality"]


def test_a_number_too_large_for_text_is_refused(path: Path) -> None:
    write(path, "[profiles.default]\njobs = 0x" + "f" * 9000)

    with pytest.raises(ConfigInvalid, match="not so large a number"):
        _ = settings(path)["jobs"]


@pytest.mark.parametrize("value", ["~no-such-user/x"])
def test_a_folder_that_cannot_be_found_is_refused(value: str) -> None:
    with pytest.raises(Usage, match="cannot be found"):
        Settings({"AEFORGE_CONFIG_DIR": value})


def test_a_folder_in_the_place_of_the_file_is_told_as_one(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(ConfigInvalid, match="cannot be read"):
        _ = ConfigFile(path).content


# ------------------------------------------------------------------ changing the file

TEXT = """\
# Mine.
profile = "work"   # the usual one

[profiles.work]
# The team's.
api_key = "old"    # to be renewed
quality = "pro"

[profiles.home]
api_key = "sk-home"

[unrelated]
x = 1
"""


def test_a_change_touches_its_own_line_only(path: Path) -> None:
    write(path, TEXT)

    ConfigFile(path).change("work", {"api_key": "new", "timeout": "5m"})

    assert path.read_text() == TEXT.replace(
        'api_key = "old"    # to be renewed\nquality = "pro"\n',
        'api_key = "new"    # to be renewed\nquality = "pro"\ntimeout = "5m"\n',
    )


def test_what_is_removed_leaves_the_rest_as_it_was(path: Path) -> None:
    write(path, TEXT)

    ConfigFile(path).change("work", {"api_key": None, "verified": None})

    assert path.read_text() == TEXT.replace('api_key = "old"    # to be renewed\n', "")


def test_a_profile_that_is_empty_is_filled_and_no_other(path: Path) -> None:
    write(path, '[profiles.work]\n[profiles.home]\napi_key = "sk-home"\n')

    ConfigFile(path).change("work", {"api_key": "new"})

    assert path.read_text() == '[profiles.work]\napi_key = "new"\n[profiles.home]\napi_key = "sk-home"\n'


def test_a_profile_that_is_new_gets_its_own_table(path: Path) -> None:
    write(path, TEXT)

    ConfigFile(path).change("new", {"api_key": KEY})

    assert path.read_text() == TEXT + f'\n[profiles.new]\napi_key = "{KEY}"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TEXT, TEXT.replace('profile = "work"', 'profile = "home"')),
        ("# Mine.\n[profiles.home]\n", 'profile = "home"\n\n# Mine.\n[profiles.home]\n'),
        ('[profiles.home]\nprofile = "x"\n', 'profile = "home"\n\n[profiles.home]\nprofile = "x"\n'),
        ("", 'profile = "home"\n'),
    ],
    ids=["chosen before", "a remark", "a namesake in a table", "no file"],
)
def test_the_choice_of_a_profile_stands_above_all_of_them(path: Path, before: str, after: str) -> None:
    write(path, before)

    ConfigFile(path).change(None, {"profile": "home"})

    assert path.read_text() == after


@pytest.mark.parametrize(
    ("before", "after"), [(TEXT, TEXT.replace('profile = "work"   # the usual one\n', "")), ("", "")]
)
def test_the_choice_of_a_profile_can_be_taken_back(path: Path, before: str, after: str) -> None:
    write(path, before)

    ConfigFile(path).change(None, {"profile": None})

    assert path.read_text() == after


def test_the_first_change_makes_a_private_file_in_a_private_folder(path: Path) -> None:
    ConfigFile(path).change("default", {"api_key": KEY})

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())}
    assert modes == {"config": 0o700, "config.toml": 0o600, "config.lock": 0o600}
    assert path.read_text() == f'[profiles.default]\napi_key = "{KEY}"\n'


def test_a_change_can_be_read_back_at_once(path: Path) -> None:
    file = ConfigFile(path)
    assert file.profile("default") == {}

    file.change("default", {"api_key": KEY})

    assert file.profile("default") == {"api_key": KEY}


def test_a_key_is_written_privately_and_is_on_the_disk_before_it_is_in_force(path: Path, strace: str) -> None:
    log = path.parent.with_name("calls")
    program = (
        "import sys, pathlib; from aeforge_cli.config.file import ConfigFile\n"
        "ConfigFile(pathlib.Path(sys.argv[1])).change('default', {'api_key': 'k'})"
    )
    under = tracing(strace, ("openat", "fchmod", "fsync", "rename"), log)

    subprocess.run([*under, sys.executable, "-c", program, str(path)], check=True)

    ours = [call for call in calls(log) if str(path.parent) in call.text and "config.lock" not in call.text]
    made = next(number for number, call in enumerate(ours) if ".tmp" in call.text)
    assert all(word in ours[made].text for word in ("O_EXCL", "O_NOFOLLOW", "0600"))
    folder = ["openat", "fsync"]
    assert [call.name for call in ours[made:]] == ["openat", "fchmod", "fsync", "rename", *folder]


@pytest.mark.parametrize("mode", [0o600, 0o644], ids=oct)
def test_a_file_is_private_after_a_change_whatever_it_was(path: Path, mode: int) -> None:
    write(path, TEXT, mode)

    ConfigFile(path).change("work", {"quality": "standard"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_to_the_file_stays_one(path: Path, tmp_path: Path) -> None:
    write(tmp_path / "dotfiles" / "config.toml", TEXT)
    path.parent.mkdir()
    path.symlink_to(tmp_path / "dotfiles" / "config.toml")

    ConfigFile(path).change("work", {"quality": "standard"})

    assert path.is_symlink()
    assert 'quality = "standard"' in (tmp_path / "dotfiles" / "config.toml").read_text()


def test_what_a_killed_writer_left_is_removed_since_it_may_hold_a_key(path: Path) -> None:
    write(path, TEXT)
    left = path.with_name(".config.toml.0123.tmp")
    left.write_text(KEY)

    ConfigFile(path).change("work", {"quality": "standard"})

    assert not left.exists()


def test_a_change_that_cannot_be_written_leaves_neither_a_key_nor_a_changed_file(path: Path) -> None:
    write(path, TEXT)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(TEXT) // 2, hard))
    try:
        with pytest.raises(CannotSave):
            ConfigFile(path).change("work", {"api_key": "new"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert path.read_text() == TEXT
    assert sorted(each.name for each in path.parent.iterdir()) == ["config.lock", "config.toml"]


UNSAFE = {
    "a list of tables": '[[profiles.work]]\napi_key = "old"\n',
    "a profile that is text": '[profiles]\nwork = "x"\n',
    "profiles that are a number": "profiles = 1\n",
}


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE)
def test_a_file_that_cannot_be_changed_safely_is_left_alone(path: Path, text: str) -> None:
    write(path, text)

    with pytest.raises(ConfigInvalid):
        ConfigFile(path).change("work", {"api_key": "new"})

    assert path.read_text() == text
    assert sorted(each.name for each in path.parent.iterdir()) == ["config.lock", "config.toml"]


def test_a_file_that_cannot_be_read_is_never_overwritten(path: Path) -> None:
    write(path, "= x")

    with pytest.raises(ConfigInvalid):
        ConfigFile(path).change("work", {"api_key": "new"})

    assert path.read_text() == "= x"


def test_a_folder_that_cannot_be_made_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotSave) as refused:
        ConfigFile(tmp_path / "file" / "config.toml").change("work", {"api_key": "new"})

    assert "AEFORGE_CONFIG_DIR" in refused.value.hint


VALUES = st.none() | st.text(st.characters(codec="utf-8"), max_size=20)
CHANGES = st.tuples(st.sampled_from(["a", "b-c", "D_1"]), st.sampled_from([*SETTINGS]), VALUES)


@given(st.lists(CHANGES, max_size=8))
@hypothesis.settings(max_examples=25)
def test_whatever_is_changed_can_be_read_back(changes: list[tuple[str, str, str | None]]) -> None:
    with TemporaryDirectory() as folder:
        file = ConfigFile(Path(folder) / "config.toml")
        wanted: dict[str, dict[str, str]] = {"a": {}, "b-c": {}, "D_1": {}}
        for profile, name, value in changes:
            file.change(profile, {name: value})
            wanted[profile] = {**wanted[profile], name: value or ""}
            if value is None:
                del wanted[profile][name]

        assert {profile: file.profile(profile) for profile in wanted} == wanted


def _sign_in_often(path: Path, profile: str) -> None:
    for number in range(10):
        ConfigFile(path).change(profile, {"api_key": f"{profile}-{number}"})


def test_of_several_writers_at_once_none_loses_a_change(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_sign_in_often, args=(path, f"p{number}")) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)

    assert [writer.exitcode for writer in writers] == [0] * 4
    assert tomllib.loads(path.read_text())["profiles"] == {f"p{n}": {"api_key": f"p{n}-9"} for n in range(4)}
