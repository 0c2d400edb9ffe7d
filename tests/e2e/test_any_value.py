"""Whatever an argument, an option, a variable, a list or a file says: it is used, or refused in one sentence."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.jobs import poll_schedule
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.tree import Command
from tests.e2e.in_process import (
    EFFORT,
    HurriedClock,
    Shown,
    WorkingService,
    at_home,
    is_passed,
    own_process,
    require_plain,
    run,
)

# ------------------------------------------------------------------ values

WORST = (
    *(
        "",
        " ",
        "-",
        "--",
        "-1",
        "0",
        "-0",
        "1",
        "\u0661",
        "1e400",
        "nan",
        "inf",
        "1_0",
        "0x10",
        "9" * 5000,
        "x" * 100_000,
    ),
    *("\n", "\r\n", "\t", "\x1b[31m", "\x1b]0;t\x07", "\x7f", "\x9b2J", "\u202e", "\u200b", "\u2028", "\ufeff", "é"),
    *("\ud800", "\udcff", "a\udcffb.png", "$HOME", "~", "~nobody", "{", "}", "{0}", "{n!r}", "{stem:d}", "{n:>9999}"),
    *("{stem.x}", "{", "{}{n}", "%s", "'", '"', "\\", "*", "a b", "a,b", "a;b", "../..", ".", "..", "/dev/full"),
    *(
        "/dev/null",
        "/dev/null/x",
        "/proc/self/mem",
        "/proc/self/nothing",
        "nothing.png",
        "photo.png",
        "photo.png/",
        "list",
    ),
    *("@", "@@", "@-", "@nothing", "@photo.png", "@/dev/null", "@.", "=", "a=", "=b", "a=b", "a=@", "a=@nothing"),
    *("true", "null", "[]", "{}", '{"a": 1}', "[red]", "::error::x", "##[error]x", "@last", "x" * 300 + ".png"),
    *("http://", "https://", "http://[", "http://127.0.0.1:9/a.png", "http://127.0.0.1:99999/", "file:///etc/passwd"),
    *("postgresql://", "postgresql://a:b@[::1", "data:,x", "1/day", "1 /day", "0/day", "1e9/hour", "30d", "0d"),
    *("9999-12-31", "0001-01-01", "2026-02-30", "-1d", "99999999999d", "0/0", "1/1", "2/1", "1/99999999999"),
    *("00000000-0000-0000-0000-000000000000", "429:1", "999:0.5", "429:nan", "GET", "POST", "1K", "json", "csv"),
)
# Elsewhere than in the folder of the test nothing is read or written but what is named here.
FREE = st.text(max_size=20).filter(lambda text: not text.lstrip("@").startswith(("/", "~")) and ".." not in text)


VALUES = (st.sampled_from(WORST) | FREE).filter(is_passed)
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([value.encode(errors="surrogatepass") for value in WORST]),
    st.sampled_from(
        [b"\xff\xfe\x00", b"\x00" * 100, b"[" * 100_000, b"\xef\xbb\xbf{}", b'{"a": ' * 9000, b"photo.png\n"]
    ),
)

# ------------------------------------------------------------------ commands

TREE = whole_tree()
# `sandbox` serves until it is stopped: with an address that is not this machine's, it is to refuse.
ELSEWHERE = {"sandbox": ("--host", "192.0.2.1")}
NEEDED = {
    "inpaint": ("photo.png", "-p", "x"),
    "upscale": ("photo.png",),
    "split-layer": ("photo.png", "-k", "arm"),
    "generate": ("--model", "gpt-image-2", "-p", "x"),
    "effect": ("-p", "x"),
    "sprite make": ("photo.png", "-p", "x"),
    "sprite reskin": ("photo.png", "-p", "x"),
    "sprite overlay": ("photo.png", "photo.png"),
    "build": ("assets.jsonl",),
    "job status": ("@last",),
    "job wait": ("@last",),
    "job show": ("@last",),
    "job verify": ("record.jsonl",),
    "job import": ("export.jsonl",),
    "job prune": ("--before", "30d"),
    "config get": ("quality",),
    "config set": ("quality", "pro"),
    "config unset": ("quality",),
    "api": ("GET", "user"),
    "completion": ("bash",),
    "skill": ("--to", "AGENTS.md"),
    **ELSEWHERE,
}
# A viewer is not opened, a keyring not written to, a sandbox not started, an assistant's folder not written to.
LEFT_OUT = {"--open", "--keyring", "--sandbox", "--install", "--help", "--host", "--api-key-command"}


def leaves(tree: Command) -> Iterator[Command]:
    yield from (command for command in tree.walk() if not command.commands)


COMMANDS = {command.name.removeprefix("aeforge "): command for command in leaves(TREE)}


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(poll_schedule, "FIRST", 0.001)
    monkeypatch.setattr(poll_schedule, "SHORTEST", 0.001)
    with own_process():
        yield


@st.composite
def given_words(draw: st.DrawFn, name: str) -> list[str]:
    """The words of a command that works, with some of its options and arguments given any value."""
    command = COMMANDS[name]
    words = list(NEEDED.get(name, ()))
    options = [each for each in command.options if not LEFT_OUT & set(each.names)]
    for option in draw(st.lists(st.sampled_from(options), max_size=3)) if options else ():
        chosen = draw(st.sampled_from([*option.names, *option.opposites]))
        if option.metavar:
            value = draw(st.sampled_from(option.choices) | VALUES if option.choices else VALUES)
            words += [f"{chosen}={value}"] if chosen.startswith("--") else [chosen, value]
        else:
            words.append(chosen)
    if name not in ELSEWHERE and (command.arguments and draw(st.booleans())):
        taken = [word for word in words[: len(command.arguments)] if not word.startswith("-")]
        for place in range(len(taken)):
            if draw(st.booleans()):
                words[place] = draw(VALUES)
    if command.arguments and command.arguments[-1].repeatable and draw(st.booleans()):
        words += ["--", draw(VALUES)]
    return [*name.split(), *words]


def files_in(folder: Path) -> None:
    """What the commands of `NEEDED` name."""
    asset = {"out": "a.png", "operation": "inpaint", "image": "photo.png", "prompt": "x"}
    (folder / "assets.jsonl").write_text(f"{json.dumps(asset)}\n")
    (folder / "record.jsonl").write_text("")
    (folder / "export.jsonl").write_text("")


def attempt(
    words: list[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b"", terminal: bool = True
) -> Shown:
    """In a new home with a key, and with one job in the journal."""
    with at_home() as home:
        files_in(home.work)
        service, clock = WorkingService(), HurriedClock()
        environment = {**home.env, "AEFORGE_API_KEY": "sk-0123456789", **(env or {})}
        return run(words, environment, stdin=stdin, transport=service, clock=clock, stdout_is_terminal=terminal)


@pytest.mark.parametrize("name", COMMANDS)
def test_any_word_of_a_command_is_used_or_refused(name: str) -> None:
    @given(given_words(name), CONTENTS, st.booleans())
    @hypothesis.settings(max_examples=4 * EFFORT)
    def holds(words: list[str], stdin: bytes, terminal: bool) -> None:
        require_plain(attempt(words, stdin=stdin, terminal=terminal))

    holds()


# ------------------------------------------------------------------ the environment

ADDRESS = (
    "127.0.0.1:9",
    "http://127.0.0.1:9",
    "http://u:p#q@127.0.0.1:9",
    "socks5://127.0.0.1:9",
    "http://[",
    "ftp://x",
    "::1",
)
ENVIRONED = st.sampled_from((*ADDRESS, *filter(is_passed, WORST)))
VARIABLES = (
    *(
        f"AEFORGE_{name}"
        for name in ("API_KEY", "BASE_URL", "PROFILE", "CONFIG_DIR", "STATE_DIR", "QUALITY", "TIMEOUT")
    ),
    *(
        f"AEFORGE_{name}"
        for name in ("JOBS", "NO_HISTORY", "OUTPUT", "BUDGET", "ACCOUNT", "JOURNAL", "API_KEY_COMMAND")
    ),
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    *(
        "SSL_CERT_DIR",
        "NO_COLOR",
        "FORCE_COLOR",
        "CI",
        "GITHUB_ACTIONS",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "NETRC",
    ),
    *("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "TERM", "COLORTERM", "COLUMNS", "LINES", "LANG", "TZ", "TMPDIR"),
)
TRIED = (
    ("inpaint", "photo.png", "-p", "x", "-o", "a.png"),
    ("inpaint", "photo.png", "photo.png", "-p", "x", "-o", "out/", "--github-output", "--new"),
    ("inpaint", "photo.png", "-p", "x", "--dry-run", "--json"),
    ("build", "assets.jsonl"),
    ("job", "list"),
    ("usage",),
    ("doctor", "--offline", "--json"),
    ("auth", "status", "--offline"),
    ("auth", "login", "--with-token", "--no-verify"),
    ("config", "list"),
    ("config", "set", "quality", "pro"),
    (),
)


@given(st.sampled_from(VARIABLES), ENVIRONED, st.sampled_from(TRIED), st.booleans())
@hypothesis.settings(max_examples=10 * EFFORT)
def test_any_variable_is_used_or_refused(name: str, value: str, words: tuple[str, ...], terminal: bool) -> None:
    ours = {} if name == "GITHUB_ACTIONS" else {"GITHUB_ACTIONS": "true"} if name.startswith("GITHUB") else {}
    require_plain(attempt(list(words), env={**ours, name: value}, stdin=b"sk-0123456789\n", terminal=terminal))


CONNECTING = (TRIED[0], ("build", "assets.jsonl"), ("doctor", "--json"), ("api", "GET", "user"))
PORT_OF_OURS = st.sampled_from([name for name in VARIABLES if name != "AEFORGE_BASE_URL"])


@given(PORT_OF_OURS, ENVIRONED, st.sampled_from(CONNECTING))
@hypothesis.settings(max_examples=10 * EFFORT)
def test_any_variable_is_used_or_refused_before_a_real_connection(
    name: str, value: str, words: tuple[str, ...]
) -> None:
    """To a closed port of this machine, where nothing of the network is replaced."""
    with at_home() as home:
        files_in(home.work)
        environment = {**home.env, "AEFORGE_API_KEY": "sk-0123456789", name: value}
        require_plain(run(words, environment, clock=HurriedClock(), stdout_is_terminal=True))


# ------------------------------------------------------------------ lists

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORST) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
COLUMNS = ("image", "prompt", "output", "quality", "scale", "keyword", "model", "ref", "frames", "to", "pixel", "style")
BUILD = (
    *COLUMNS,
    "out",
    "operation",
    "after",
    "reference",
    "resolution",
    "rows",
    "api_version",
    "sha256",
    "job_id",
    "key",
)
LISTED = {
    "a manifest": (
        COLUMNS,
        ("inpaint", "--manifest", "list.jsonl", "-o", "out/"),
        {"image": "photo.png", "prompt": "x"},
    ),
    "a manifest of sprites": (
        COLUMNS,
        ("sprite", "make", "--manifest", "list.jsonl", "-o", "out/"),
        {"image": "photo.png", "prompt": "x"},
    ),
    "a manifest of pictures made of words": (
        COLUMNS,
        ("generate", "--manifest", "list.jsonl", "-o", "out/"),
        {"model": "gpt-image-2", "prompt": "x"},
    ),
    "a list of assets": (
        BUILD,
        ("build", "list.jsonl"),
        {"out": "a.png", "operation": "inpaint", "image": "photo.png", "prompt": "x"},
    ),
}


@pytest.mark.parametrize(("columns", "words", "sound"), LISTED.values(), ids=LISTED)
def test_any_column_of_a_list_is_used_or_refused(
    columns: tuple[str, ...], words: tuple[str, ...], sound: Mapping[str, object]
) -> None:
    names = st.sampled_from([*sound, *sound, *columns]) | st.text(max_size=5)

    @given(st.dictionaries(names, JSON, min_size=1, max_size=2))
    @hypothesis.settings(max_examples=8 * EFFORT)
    def holds(odd: dict[str, object]) -> None:
        require_plain(attempt_list(words, json.dumps({**sound, **odd}).encode()))

    holds()


CSV_CELLS = st.sampled_from(WORST) | st.text(max_size=9)


@given(st.sampled_from(COLUMNS[:4]), CSV_CELLS, st.sampled_from(",;\t"), st.booleans())
@hypothesis.settings(max_examples=10 * EFFORT)
def test_any_cell_of_a_table_is_used_or_refused(column: str, cell: str, separator: str, quoted: bool) -> None:
    row = {"image": "photo.png", "prompt": "x", column: f'"{cell}"' if quoted else cell}
    text = f"{separator.join(row)}\n{separator.join(row.values())}\n"
    words = ("inpaint", "--manifest", "list.jsonl.csv", "-o", "out/")

    require_plain(attempt_list(words, text.encode(errors="surrogatepass")))


FILES = {
    "a manifest": ("inpaint", "--manifest", "list.jsonl"),
    "paths": ("inpaint", "--from", "list.jsonl", "-p", "x"),
    "a prompt": ("inpaint", "photo.png", "-p", "@list.jsonl"),
    "a picture": ("inpaint", "list.jsonl", "-p", "x"),
    "a list of assets": ("build", "list.jsonl"),
    "an export": ("job", "import", "list.jsonl"),
    "a record": ("job", "verify", "list.jsonl"),
    "a record to write to": ("inpaint", "photo.png", "-p", "x", "-o", "a.png", "--record", "list.jsonl"),
    "rows": ("sprite", "overlay", "photo.png", "photo.png", "--rows", "@list.jsonl"),
    "a page of instructions": ("skill", "--to", "list.jsonl"),
    "a field": ("api", "POST", "image-tune/upscale", "-F", "image=@list.jsonl"),
}
LINES = st.dictionaries(st.sampled_from(("schema", "job_id", "image", "files", "state", "created", "path")), JSON)


@pytest.mark.parametrize("words", FILES.values(), ids=FILES)
def test_any_content_of_a_file_is_used_or_refused(words: tuple[str, ...]) -> None:
    @given(CONTENTS | st.lists(LINES, max_size=3).map(lambda lines: "\n".join(map(json.dumps, lines)).encode()))
    @hypothesis.settings(max_examples=5 * EFFORT)
    def holds(content: bytes) -> None:
        require_plain(attempt_list(words, content))

    holds()


def attempt_list(words: tuple[str, ...], content: bytes) -> Shown:
    """With a file of this content, by every name that a test gives it."""
    with at_home() as home:
        files_in(home.work)
        for name in ("list.jsonl", "list.jsonl.csv"):
            (home.work / name).write_bytes(content)
        environment = {**home.env, "AEFORGE_API_KEY": "sk-0123456789"}
        service, clock = WorkingService(), HurriedClock()
        return run(words, environment, transport=service, clock=clock, stdout_is_terminal=True)
