"""Changes of the config file's text: what was not named stays as it is, however the file is written."""

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.config.toml_edit import CannotEdit, edited, parsed

# name: before, after `timeout` of work was set to 5m, after `quality` of work was removed
WAYS = {
    "a table": (
        '[profiles.work]\nquality = "pro"  # slow\n',
        '[profiles.work]\nquality = "pro"  # slow\ntimeout = "5m"\n',
        "[profiles.work]\n",
    ),
    "dotted names": (
        'profiles.work.quality = "pro" # c\nprofiles.home.quality="x"\n[other]\n',
        'profiles.work.quality = "pro" # c\nprofiles.work.timeout = "5m"\nprofiles.home.quality="x"\n[other]\n',
        'profiles.home.quality="x"\n[other]\n',
    ),
    "dotted names below profiles": (
        '[profiles]\nwork.quality = "pro" # c\nhome.quality="x"\n',
        '[profiles]\nwork.quality = "pro" # c\nwork.timeout = "5m"\nhome.quality="x"\n',
        '[profiles]\nhome.quality="x"\n',
    ),
    "an inline table": (
        'profiles = { work = { quality = "pro", jobs = 2 } } # c\n',
        'profiles = { work = { quality = "pro", jobs = 2, timeout = "5m"} } # c\n',
        "profiles = { work = {  jobs = 2 } } # c\n",
    ),
    "an inline profile": (
        'profiles.work = { quality = "pro" } # c\n',
        'profiles.work = { quality = "pro", timeout = "5m"} # c\n',
        "profiles.work = {  } # c\n",
    ),
    "Windows line ends": (
        '# c\r\n[profiles.work]\r\nquality = "pro" # q\r\n\r\n[other]\r\nx = 1\r\n',
        '# c\r\n[profiles.work]\r\nquality = "pro" # q\r\ntimeout = "5m"\r\n\r\n[other]\r\nx = 1\r\n',
        "# c\r\n[profiles.work]\r\n\r\n[other]\r\nx = 1\r\n",
    ),
    "a remark on what comes next": (
        '[profiles.work]\nquality = "pro"\n\n# The one at home.\n[profiles.home]\n',
        '[profiles.work]\nquality = "pro"\ntimeout = "5m"\n\n# The one at home.\n[profiles.home]\n',
        "[profiles.work]\n\n# The one at home.\n[profiles.home]\n",
    ),
    "indented": (
        '  [profiles.work]\n  quality = "pro"\n',
        '  [profiles.work]\n  quality = "pro"\n  timeout = "5m"\n',
        "  [profiles.work]\n",
    ),
    "tables out of order": (
        '[profiles.work]\nquality = "pro"\n[other]\n[profiles.work.prices]\ninpaint.pro = 0.10\n',
        '[profiles.work]\nquality = "pro"\ntimeout = "5m"\n[other]\n[profiles.work.prices]\ninpaint.pro = 0.10\n',
        "[profiles.work]\n[other]\n[profiles.work.prices]\ninpaint.pro = 0.10\n",
    ),
    "quoted names, and no end of line": (
        '[profiles."work"]\n"quality" = \'pro\' # c',
        '[profiles."work"]\n"quality" = \'pro\' # c\ntimeout = "5m"\n',
        '[profiles."work"]\n',
    ),
    "a text of several lines": (
        '[profiles.work]\nnote = """\nquality = "x"\n"""\nquality = "pro"\n',
        '[profiles.work]\nnote = """\nquality = "x"\n"""\nquality = "pro"\ntimeout = "5m"\n',
        '[profiles.work]\nnote = """\nquality = "x"\n"""\n',
    ),
}


@pytest.mark.parametrize(("before", "after", "_removed"), WAYS.values(), ids=WAYS)
def test_what_is_set_joins_its_profile_and_the_rest_stays(before: str, after: str, _removed: str) -> None:
    assert edited(before, "work", {"timeout": "5m"}) == after


@pytest.mark.parametrize(("before", "_after", "removed"), WAYS.values(), ids=WAYS)
def test_what_is_removed_takes_its_own_line_only(before: str, _after: str, removed: str) -> None:
    assert edited(before, "work", {"quality": None}) == removed


@pytest.mark.parametrize(("before", "_after", "_removed"), WAYS.values(), ids=WAYS)
def test_what_is_set_anew_keeps_its_place_and_its_remark(before: str, _after: str, _removed: str) -> None:
    after = edited(before, "work", {"quality": "standard"})

    written = "'pro'" if "'pro'" in before else '"pro"'
    assert after == before.replace(f"quality = {written}", 'quality = "standard"').replace(
        f'"quality" = {written}', '"quality" = "standard"'
    )


@pytest.mark.parametrize(("before", "_after", "_removed"), WAYS.values(), ids=WAYS)
def test_a_new_profile_leaves_every_line_as_it_is(before: str, _after: str, _removed: str) -> None:
    after = edited(before, "new", {"api_key": "k"})

    assert tomllib.loads(after)["profiles"]["new"] == {"api_key": "k"}
    if "profiles = {" not in before:
        assert after.startswith(before)


@pytest.mark.parametrize(
    ("written", "read"), [("0.10", "0.10"), ("1_000.50", "1000.50"), ("0.000000000001", "0.000000000001")]
)
def test_an_amount_is_read_as_it_is_written(written: str, read: str) -> None:
    assert parsed(f"[prices]\ninpaint = {written}\n") == {"prices": {"inpaint": read}}


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert edited("# mine\n", "work", {"quality": None}) == "# mine\n"


NAMES = ("work", "home", "b-c")
SCALARS = st.sampled_from(['"pro"', "'x'", "1", "0.10", "true", "[1, 2]", "{ a = 1 }", '"""\na\n"""', "2024-01-01"])
LINES = st.tuples(
    st.sampled_from(["quality", "timeout", "note", "prices.inpaint.pro"]), SCALARS, st.sampled_from(["", " # c"])
)
BLOCKS = st.tuples(
    st.sampled_from([f"profiles.{name}" for name in NAMES] + ["profiles.work.more", "other", "profiles"]),
    st.lists(LINES, max_size=3, unique_by=lambda line: line[0].partition(".")[0]),
    st.sampled_from(["", "\n", "# remark\n", "\n# remark\n\n"]),
)
DOTTED = st.lists(st.tuples(st.sampled_from(NAMES), LINES), max_size=3, unique_by=lambda line: (line[0], line[1][0]))


@given(
    DOTTED,
    st.lists(BLOCKS, max_size=4, unique_by=lambda block: block[0]),
    st.sampled_from([*NAMES, "new", None]),
    st.sampled_from(["quality", "timeout", "profile"]),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
)
def test_whatever_is_valid_is_changed_rightly_or_left_alone(
    dotted: list[tuple[str, tuple[str, str, str]]],
    blocks: list[tuple[str, list[tuple[str, str, str]], str]],
    profile: str | None,
    name: str,
    value: str | None,
) -> None:
    text = "".join(f"profiles.{owner}.{key} = {scalar}{remark}\n" for owner, (key, scalar, remark) in dotted)
    for table, lines, gap in blocks:
        text += f"{gap}[{table}]\n" + "".join(f"{key} = {scalar}{remark}\n" for key, scalar, remark in lines)
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    try:
        after = edited(text, profile, {name: value})
    except CannotEdit:
        return

    assert pruned(tomllib.loads(after)) == pruned(changed(before, profile, name, value))
    assert sorted(remarks(after)) == sorted(remarks(text)) or value is None


def changed(content: dict[str, Any], profile: str | None, name: str, value: str | None) -> dict[str, Any]:
    wanted = copy.deepcopy(content)
    table = wanted if profile is None else wanted.setdefault("profiles", {}).setdefault(profile, {})
    table.pop(name, None) if value is None else table.update({name: value})
    return wanted


def pruned(content: dict[str, Any]) -> dict[str, Any]:
    kept = {name: pruned(value) if isinstance(value, dict) else value for name, value in content.items()}
    return {name: value for name, value in kept.items() if value != {}}


def remarks(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line and '"' not in line.partition("#")[2]]
