"""Where every value comes from, and where the key is kept."""

import multiprocessing
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.config.catalogue import DEFAULT_BASE_URL, SETTINGS, seconds
from aeforge_cli.config.file import ConfigFile
from aeforge_cli.config.settings import Settings, Value
from aeforge_cli.errors import AeforgeError, CannotSave, ConfigInvalid, NotSignedIn, Usage

KEY = "sk-0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "config.toml"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
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
        ("quality", "best", "'best' is no quality (from AEFORGE_QUALITY)"),
        ("timeout", "soon", "'soon' is no duration (from AEFORGE_TIMEOUT)"),
        ("jobs", "0", "'0' is no number of jobs (from AEFORGE_JOBS)"),
        ("jobs", "many", "'many' is no number of jobs (from AEFORGE_JOBS)"),
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


@pytest.mark.parametrize("text", ["", "m", "-1", "1d", "1h30m", "inf", "nan", "1e3", "9" * 10])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="is no duration"):
        seconds(text)


# ------------------------------------------------------------------ profiles and the key


def test_the_profile_is_that_of_the_option_the_environment_or_the_file(path: Path) -> None:
    write(path, 'profile = "from-file"')

    assert settings(path, {"AEFORGE_PROFILE": "from-environment"}, "from-option").profile == "from-option"
    assert settings(path, {"AEFORGE_PROFILE": "from-environment"}).profile == "from-environment"
    assert settings(path).profile == "from-file"
    assert settings(path.parent / "none" / "x").profile == "default"


@pytest.mark.parametrize("name", ["", "a b", "a.b", "../x", "a" * 65, "ä"])
def test_a_profile_has_a_plain_name(path: Path, name: str) -> None:
    write(path, f'profile = "{name}"')

    with pytest.raises(Usage, match="is no name for a profile"):
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
        settings(path, profile="work").key()

    assert told(refused.value) == (
        NotSignedIn,
        "There is no API key",
        "neither AEFORGE_API_KEY nor profile work has one",
    )
    assert refused.value.hint.startswith("aeforge auth login, or try the same command with --sandbox")


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
    "a list of profiles": ("profiles = []", "`profiles` is no table"),
    "a profile that is no table": ("[profiles]\ndefault = 1", "profile default is no table"),
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
    file = ConfigFile(path)
    _ = file.content

    assert file.warnings == [
        f"{path}: colour is not known, and ignored",
        f"{path}: profiles.work.qualty is not known, and ignored",
    ]


def test_a_file_that_others_could_read_is_made_private_with_a_warning(path: Path) -> None:
    write(path, "", mode=0o644)
    file = ConfigFile(path)
    _ = file.content

    assert (stat.S_IMODE(path.stat().st_mode), file.warnings) == (
        0o600,
        [f"{path} could be read by others; it is private now"],
    )


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
        'api_key = "old"    # to be renewed\nquality = "pro"\n', 'api_key = "new"\nquality = "pro"\ntimeout = "5m"\n'
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
        (TEXT, TEXT.replace('profile = "work"   # the usual one', 'profile = "home"')),
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


UNSAFE = {
    "an inline table": 'profiles = { work = { api_key = "old" } }',
    "dotted names": 'profiles.work.api_key = "old"',
    "a text of several lines": '[profiles.work]\nnote = """\napi_key = "x"\n"""\napi_key = "old"',
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


VALUES = st.none() | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
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
