"""Whatever a setting is given, by whichever way: it is used, or refused in one sentence."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.config.catalogue import SETTINGS
from aeforge_cli.config.file import PROFILE_NAMES
from aeforge_cli.config.settings import Settings
from tests.conftest import Aeforge
from tests.e2e import in_process
from tests.e2e.in_process import at_home, is_passed, require_plain, run

# ------------------------------------------------------------------ each refusal in words

REFUSED = {
    "-j 0": (("-j", "0"), {}, "'0' is not a valid number of jobs (from --jobs)"),
    "--timeout -5": (("--timeout", "-5"), {}, "'-5' is not a valid duration (from --timeout)"),
    "--poll-interval 0": (("--poll-interval", "0"), {}, "'0' is not a valid interval (from --poll-interval)"),
    "--poll-interval -1": (("--poll-interval", "-1"), {}, "'-1' is not a valid interval (from --poll-interval)"),
    "AEFORGE_JOBS": ((), {"AEFORGE_JOBS": "zero"}, "'zero' is not a valid number of jobs (from AEFORGE_JOBS)"),
    "AEFORGE_TIMEOUT": ((), {"AEFORGE_TIMEOUT": "soon"}, "'soon' is not a valid duration (from AEFORGE_TIMEOUT)"),
    "AEFORGE_BUDGET": ((), {"AEFORGE_BUDGET": "many"}, "'many' is not a valid budget (from AEFORGE_BUDGET)"),
    "AEFORGE_PROFILE": ((), {"AEFORGE_PROFILE": "wrok"}, "There is no profile wrok: known profiles: default"),
    "--profile": (("--profile", "wrok"), {}, "There is no profile wrok: known profiles: default"),
}


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["a run", "a dry run"])
@pytest.mark.parametrize(("words", "env", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_valid_is_refused_before_anything_is_sent(
    aeforge: Aeforge, photo: Path, words: tuple[str, ...], env: Mapping[str, str], message: str, dry: tuple[str, ...]
) -> None:
    run = aeforge("inpaint", photo, "-p", "x", *words, *dry, "--json", env={"AEFORGE_API_KEY": "sk-1234567890", **env})

    assert (run.ending, run.error["message"], run.stdout) == ((2, "usage"), message, "")


def test_a_sandbox_needs_no_valid_address_of_the_service(aeforge: Aeforge, photo: Path) -> None:
    env = {"AEFORGE_BASE_URL": "not an address"}

    assert aeforge("inpaint", photo, "-p", "x", "--dry-run", "--sandbox", env=env).exit == 0


# ------------------------------------------------------------------ any value at all

WORST = (
    *(
        "",
        " ",
        "-",
        "-1",
        "0",
        "\u0661",
        "1e400",
        "nan",
        "9" * 5000,
        "x" * 100_000,
        "\n",
        "\x1b[31m",
        "\x7f",
        "\u202e",
        "é",
    ),
    *(
        "$HOME",
        "~nobody",
        "{",
        "{0}",
        "{n!r}",
        "{stem:d}",
        "%s",
        "'",
        '"',
        "\\",
        "postgresql://",
        "postgresql://a:b@[::1",
        "https://",
    ),
    *("http://[", "\ud800", "\udcff", "1/day", "1 /day", "1 \u0301/day", "a b", "../..", "/dev/full", "true", "null"),
)
TEXTS = st.sampled_from(WORST) | st.text(max_size=20)
TOML = (
    *(
        "true",
        "-1",
        "0",
        "1e400",
        "nan",
        "-inf",
        "1_0.5",
        "0x" + "f" * 9000,
        "[]",
        "[[1], {a = 1}]",
        "{}",
        "{ a = { b = 1 } }",
    ),
    *(
        "1979-05-27",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        '""',
        '"\\u0000"',
        '"\\u001b[2J"',
        '"\\ud7ff\\U0010ffff"',
        '"""\n\n"""',
        "'9'",
    ),
)
TYPED = st.sampled_from(TOML) | TEXTS.filter(lambda text: text.isprintable()).map(json.dumps)
COMMANDS = st.sampled_from(
    (
        ("config", "list", "--json"),
        ("config", "list"),
        ("config", "path"),
        ("doctor", "--offline", "--json"),
        ("auth", "status", "--offline"),
        ("inpaint", "photo.png", "-p", "x", "--dry-run"),
        ("inpaint", "photo.png", "-p", "x", "--dry-run", "--sandbox"),
    )
)


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    with in_process.own_process():
        yield


def texts_for(name: str) -> st.SearchStrategy[tuple[str, str]]:
    """A setting's name with a text; of programs none is run but those that are named here."""
    texts = st.sampled_from(WORST) if name == "api_key_command" else TEXTS
    return st.tuples(st.just(name), texts.filter(is_passed))


@given(st.sampled_from([*SETTINGS]).flatmap(texts_for), COMMANDS)
@hypothesis.settings(max_examples=40)
def test_any_variable_is_used_or_refused(named: tuple[str, str], command: tuple[str, ...]) -> None:
    name, text = named
    with at_home() as home:
        require_plain(run(command, {**home.env, SETTINGS[name].variable: text}))


@given(
    st.sampled_from(["profile", "profiles", *(f"profiles.default.{name}" for name in PROFILE_NAMES)]), TYPED, COMMANDS
)
@hypothesis.settings(max_examples=40)
def test_any_value_in_the_file_is_used_or_refused(name: str, value: str, command: tuple[str, ...]) -> None:
    if name.endswith("api_key_command") and value not in TOML:
        value = '"true"'
    with at_home() as home:
        (home.config / "config.toml").write_bytes(f"{name} = {value}\n".encode(errors="surrogatepass"))
        require_plain(run(command, home.env))


@given(
    st.sampled_from(["--timeout", "--poll-interval", "--jobs", "--base-url", "--profile", "--quality"]),
    TEXTS.filter(is_passed),
)
@hypothesis.settings(max_examples=40)
def test_any_value_of_an_option_is_used_or_refused(option: str, text: str) -> None:
    with at_home() as home:
        require_plain(run(("inpaint", "photo.png", "-p", "x", "--dry-run", f"{option}={text}"), home.env))


@given(st.sampled_from([*SETTINGS, "profile", "prices", "api_key"]), TEXTS.filter(is_passed))
@hypothesis.settings(max_examples=40)
def test_any_value_that_is_stored_is_found_again(name: str, text: str) -> None:
    with at_home() as home:
        env = {**home.env, "AEFORGE_BASE_URL": ""}
        shown = run(("config", "set", name, "--", text), env)
        require_plain(shown)
        if shown.exit == 0 and name in SETTINGS:
            kept = SETTINGS[name].check(text)
            assert Settings(env)[name].text == kept
            require_plain(run(("config", "get", name), env))


@given(st.sampled_from(["profile", *(f"profiles.default.{name}" for name in SETTINGS)]), TYPED)
@hypothesis.settings(max_examples=40)
def test_any_wrong_value_can_be_removed(name: str, value: str) -> None:
    with at_home() as home:
        file = home.config / "config.toml"
        file.write_bytes(f"{name} = {value}\n".encode(errors="surrogatepass"))
        setting = name.rpartition(".")[2]
        shown = run(("config", "unset", setting), home.env)

        require_plain(shown)
        try:
            tomllib.loads(f"{name} = {value}")
        except (ValueError, RecursionError):
            return
        assert shown.exit == 0
        assert setting not in tomllib.loads(file.read_text()).get("profiles", {}).get("default", {})
