"""Lists of assets: how they are read, where their mistakes are, and which asset needs which."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aeforge_cli.errors import Usage
from aeforge_cli.jobs.assets import Dependencies, Misspelled, Mistakes, read_assets, unknown_key
from aeforge_cli.jobs.toml_lines import table_lines

TOML = '''\
# first
[common]
style = "flat"

[[asset]]   # the fox
out = "art/fox.png"
prompt = """
[[asset]]
out = "no key"
"""
ref = [
    "a.png",   # not a [header]
    "b.png",
]
api-version = 2

[[ "asset" ]]
"out" = 'b.png'
frames = 9
'''


def told(text: str, name: str = "assets.toml") -> list[str]:
    """All that is wrong with a list."""
    with pytest.raises(Usage) as caught:
        read_assets(text, name)
    return [str(each["message"]) for each in caught.value.mistakes] or [caught.value.message]


# ------------------------------------------------------------------ lines


@pytest.mark.parametrize("text", [TOML, TOML.replace("\n", "\r\n")], ids=["Unix", "Windows"])
def test_tables_and_keys_stand_on_their_lines_whatever_stands_in_texts(text: str) -> None:
    listed = read_assets(text, "assets.toml")

    assert (listed.common.line, listed.common.line_of("style")) == (2, 3)
    assert [(each.line, dict(each.lines)) for each in listed.assets] == [
        (5, {"out": 6, "prompt": 7, "ref": 11, "api_version": 15}),
        (17, {"out": 18, "frames": 19}),
    ]


@pytest.mark.parametrize(
    "value", ['"""a""""', "'''a'''''", '"\\"["', "'['", "{ a = [1, 2] }", "[[1], [2]]", '"#"', '""', "1 # ["]
)
def test_a_value_hides_nothing_that_follows(value: str) -> None:
    [table] = table_lines(f"[[asset]]\nfirst = {value}\nsecond = 1\n")["asset"]

    assert table.keys == {"first": 2, "second": 3}


def test_assets_in_one_array_share_its_line() -> None:
    listed = read_assets("x = 1\n" * 0 + '\nasset = [{out = "a"}, {out = "b"}]\n', "a.toml")

    assert [(each.values, each.line) for each in listed.assets] == [({"out": "a"}, 2), ({"out": "b"}, 2)]


def test_a_table_below_an_asset_is_one_of_its_keys() -> None:
    listed = read_assets('[[asset]]\nout = "a"\n[asset.rows]\nx = 1\n[[asset]]\nout = "b"\n', "a.toml")

    assert [each.line_of("rows") for each in listed.assets] == [3, 5]


# ------------------------------------------------------------------ reading


def test_json_lines_say_the_same_as_toml() -> None:
    as_json = '{"common": {"style": "flat"}}\n\n{"out": "a.png", "api-version": 2}\n{"out": "b.png"}\n'
    as_toml = '[common]\nstyle = "flat"\n[[asset]]\nout = "a.png"\napi-version = 2\n[[asset]]\nout = "b.png"\n'

    lists = [read_assets(text, "list") for text in (as_json, as_toml)]

    assert lists[0].common.values == lists[1].common.values
    assert [each.values for each in lists[0].assets] == [each.values for each in lists[1].assets]
    assert [each.line for each in lists[0].assets] == [3, 4]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("[[asset]\n", ["assets.toml:1 is not valid TOML"]),
        ('[[asset]]\nout = "a"\nout = "b"\n', ["assets.toml:3 is not valid TOML"]),
        ("", ["assets.toml lists no assets"]),
        ("[common]\n", ["assets.toml lists no assets"]),
        (
            '[[assets]]\nout = "a"\n',
            ["assets.toml:1: 'assets' is not a known key (did you mean 'asset'?): assets stand under [[asset]]"],
        ),
        ('[asset]\nout = "a"\n', ["assets.toml:1: each asset must be a table: [[asset]]"]),
        ('common = 1\n[[asset]]\nout = "a"\n', ["assets.toml:1: common must be a table: [common]"]),
        (
            "[[asset]]\napi-version = 1\napi_version = 2\n",
            ["assets.toml:3: 'api-version' stands twice, with a hyphen and without"],
        ),
    ],
)
def test_a_text_that_is_no_list_is_refused_with_its_line(text: str, messages: list[str]) -> None:
    assert told(text) == messages


def test_all_bad_lines_of_json_are_named() -> None:
    lines = ['{"out": "a"}', '{"out": ', "[1]", '{"out": "b", "out": "c"}', '{"common": {}}']

    assert [message.partition(" ")[0] for message in told("\n".join(lines), "x.jsonl")] == [
        "x.jsonl:2:",
        "x.jsonl:3:",
        "x.jsonl:4:",
        "x.jsonl:5:",
    ]


def test_mistakes_are_told_all_at_once_in_the_order_of_lines() -> None:
    mistakes = Mistakes("a.toml")
    mistakes.add(9, "late", "b.png")
    mistakes.add(2, Usage("early", why="because"))

    with pytest.raises(Usage) as caught:
        mistakes.check()

    assert (caught.value.message, caught.value.why) == ("a.toml:2: early: because", "2 mistakes; nothing was sent")
    assert [each["message"] for each in caught.value.mistakes] == ["a.toml:2: early: because", "a.toml:9: b.png: late"]
    assert caught.value.mistakes[1]["asset"] == "b.png"


def test_an_unknown_key_is_told_with_the_nearest_known_one() -> None:
    assert unknown_key("modle", ["model", "prompt"]) == "'modle' is not a known key (did you mean 'model'?)"
    assert unknown_key("zzz", ["model"]) == "'zzz' is not a known key"


# ------------------------------------------------------------------ who needs whom


def listed(*assets: tuple[str, Sequence[str]]) -> Dependencies:
    return Dependencies([[Path(out)] for out, _ in assets], [pictures for _, pictures in assets])


def test_an_asset_needs_those_whose_out_is_its_picture() -> None:
    found = listed(("c.png", ["b.png", "x.png"]), ("b.png", ["./y/../a.png"]), ("a.png", []))

    assert found.needs == [[1], [2], []]
    assert found.in_order() == [2, 1, 0]
    assert (found.with_needed([1]), list(found.cycles())) == ({1, 2}, [])


def test_each_circle_is_found_once() -> None:
    found = listed(("a", ["b"]), ("b", ["c"]), ("c", ["a"]), ("d", ["d"]), ("e", ["a"]))

    assert sorted(sorted(set(circle)) for circle in found.cycles()) == [[0, 1, 2], [3]]


@pytest.mark.parametrize(("one", "other"), [("a/Fox.png", "a/fox.png"), ("B\u00e4r.png", "Ba\u0308r.png")])
def test_names_that_are_the_same_on_some_systems_meet(one: str, other: str) -> None:
    assert [(first, later) for first, later, _ in listed((one, []), (other, [])).same_results()] == [(0, 1)]
    with pytest.raises(Misspelled):
        listed((one, []), ("z.png", [other])).maker(other)


def test_of_many_that_would_write_one_file_each_later_one_is_told_once() -> None:
    assert [later for _, later, _ in listed(*[("fox.png", [])] * 4).same_results()] == [1, 2, 3]


def test_a_file_of_a_link_to_a_folder_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert listed((f"{tmp_path}/real/a.png", []), ("b.png", [f"{tmp_path}/link/a.png"])).needs == [[], [0]]
