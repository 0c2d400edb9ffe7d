"""What is about to be bought: a list that cannot be understood as a whole is refused, by the line that is wrong."""

import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.errors import FileMissing, Usage
from aeforge_cli.jobs.manifest import Columns, Line, from_arguments, from_manifest, from_paths, shard
from tests.conftest import png

INPAINT = Columns("inpaint", ["prompt", "quality"], takes_image=True, needs_image=True)
UPSCALE = Columns("upscale", ["scale"], takes_image=True, needs_image=True)
GENERATE = Columns("generate", ["prompt", "model"], takes_image=False, needs_image=False)
SPLIT = Columns("split-layer", ["prompt"], takes_image=True, needs_image=True)
SPRITE = Columns("sprite make", ["prompt", "frames"], takes_image=True, needs_image=True)

# ------------------------------------------------------------------ manifests

ONE = [Line("a.png", "out/a.png", {"prompt": "blue sky", "quality": "pro"})]
TWO = [Line("a.png", values={"prompt": "blue sky"}), Line("b.png", values={"prompt": "red sea"})]
MANIFESTS = {
    "JSON with all fields": (
        '{"image": "a.png", "prompt": "blue sky", "quality": "pro", "output": "out/a.png"}\n',
        ONE,
    ),
    "CSV with all fields": ("image,prompt,quality,output\na.png,blue sky,pro,out/a.png\n", ONE),
    "CSV in another order of columns": ("output,quality,image,prompt\nout/a.png,pro,a.png,blue sky\n", ONE),
    "JSON with the image alone": ('{"image": "a.png"}', [Line("a.png")]),
    "CSV with the image alone": ("image\na.png\n", [Line("a.png")]),
    "JSON lines": ('{"image": "a.png", "prompt": "blue sky"}\n{"image": "b.png", "prompt": "red sea"}\n', TWO),
    "JSON with empty lines": (
        '\n{"image": "a.png", "prompt": "blue sky"}\n\n  \n{"image": "b.png", "prompt": "red sea"}\n',
        TWO,
    ),
    "JSON as Windows writes it": (
        '{"image": "a.png", "prompt": "blue sky"}\r\n{"image": "b.png", "prompt": "red sea"}\r\n',
        TWO,
    ),
    "JSON after a byte-order mark": ('\ufeff{"image": "a.png"}', [Line("a.png")]),
    "CSV after a byte-order mark": ("\ufeffimage\na.png\n", [Line("a.png")]),
    "CSV as Windows writes it": ("image,prompt\r\na.png,blue sky\r\nb.png,red sea\r\n", TWO),
    "CSV with empty lines": ("image,prompt\na.png,blue sky\n\nb.png,red sea\n\n", TWO),
    "CSV with blanks around its header": ("image, prompt \na.png,blue sky\nb.png,red sea\n", TWO),
    "CSV with a semicolon between fields, and columns that are empty": (
        "image;prompt;;\na.png;blue sky;;\nb.png;red sea;;\n;;;\n",
        TWO,
    ),
    "CSV with empty fields, which the command line fills": ("image,prompt,quality,output\na.png,,,\n", [Line("a.png")]),
    "CSV with a comma and a quote in a field": (
        'image,prompt\na.png,"blue, ""very"" blue"\n',
        [Line("a.png", values={"prompt": 'blue, "very" blue'})],
    ),
    "CSV with a line break in a field": (
        'image,prompt\na.png,"blue\nsky"\n',
        [Line("a.png", values={"prompt": "blue\nsky"})],
    ),
    "numbers and truth values of JSON": (
        '{"image": "a.png", "prompt": 7, "quality": true}',
        [Line("a.png", values={"prompt": "7", "quality": "true"})],
    ),
    "letters of every script": (
        '{"image": "Bär.png", "prompt": "\u5929\u7a7a"}',
        [Line("Bär.png", values={"prompt": "\u5929\u7a7a"})],
    ),
    "a spreadsheet that says its separator": (
        "sep=;\r\nImage;PROMPT\r\na.png;blue, sky\r\n",
        [Line("a.png", values={"prompt": "blue, sky"})],
    ),
    "a separator in quotes": ('"sep=\t"\nimage\tprompt\na.png\tx\n', [Line("a.png", values={"prompt": "x"})]),
    "line ends of an old Macintosh": ("image,prompt\ra.png,x\r", [Line("a.png", values={"prompt": "x"})]),
    "the same image with two prompts": (
        "image,prompt\na.png,blue sky\na.png,red sea\n",
        [Line("a.png", values={"prompt": "blue sky"}), Line("a.png", values={"prompt": "red sea"})],
    ),
}


@pytest.mark.parametrize(("text", "wanted"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_is_json_lines_or_csv(text: str, wanted: list[Line]) -> None:
    assert from_manifest(text, "jobs", INPAINT) == wanted


GOOD = '{"image": "a.png"}\n'
BAD_LINES = {
    "no JSON": (GOOD + '{"image": ', "jobs:2 is not valid JSON"),
    "a bare word": (GOOD * 2 + "b.png\n", "jobs:3 is not valid JSON"),
    "brackets without end": (GOOD + "[" * 200_000, "jobs:2 is not valid JSON"),
    "a number of 5000 digits": (GOOD + "9" * 5000, "jobs:2 is not valid JSON"),
    "a JSON list": (GOOD + '["b.png"]', "jobs:2 is a JSON array"),
    "a JSON null": (GOOD + "null", "jobs:2 is not a JSON object"),
    "an unknown field of JSON": (GOOD + '{"image": "b.png", "promt": "x"}', "jobs:2 has an unknown column 'promt'"),
    "an unknown field of CSV": ("image,promt\na.png,x\n", "jobs:2 has an unknown column 'promt'"),
    "no image": (GOOD + '{"prompt": "x"}', "jobs:2: image must be text that is not empty"),
    "no image in CSV": ("image,prompt\na.png,x\n,y\n", "jobs:3: image must be text that is not empty"),
    "no column for images": ("prompt\nx\n", "jobs:2: image must be text that is not empty"),
    "an empty image": ('{"image": ""}', "jobs:1: image must be text that is not empty"),
    "a blank image": ('{"image": "  "}', "jobs:1: image must be text that is not empty"),
    "an image that is a list": ('{"image": ["a.png"]}', "jobs:1: image must be text that is not empty"),
    "an empty prompt": ('{"image": "a.png", "prompt": ""}', "jobs:1: prompt must be text that is not empty"),
    "a null prompt": ('{"image": "a.png", "prompt": null}', "jobs:1: prompt must be text that is not empty"),
    "more fields than the header": (
        "image,prompt\na.png,x\nb.png,x,y\n",
        "jobs:3 does not have as many fields as the header",
    ),
    "fewer fields than the header": ("image,prompt\na.png\n", "jobs:2 does not have as many fields as the header"),
    "a bad line after a field of two lines": (
        'image,prompt\na.png,"x\ny"\nb.png\n',
        "jobs:4 does not have as many fields as the header",
    ),
    "the first of two bad lines": (GOOD + "x\ny\n", "jobs:2 is not valid JSON"),
}


@pytest.mark.parametrize(("text", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_named_by_its_number(text: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(text, "jobs", INPAINT)

    assert refused.value.message == message


@pytest.mark.parametrize(
    ("columns", "text", "message", "hint"),
    [
        (
            UPSCALE,
            "image,prompt\na.png,x\n",
            "jobs:2 has an unknown column 'prompt'",
            "the columns of upscale are image, scale, output",
        ),
        (
            SPRITE,
            '{"image": "a", "quality": "pro"}',
            "jobs:1 has an unknown column 'quality'",
            "the columns of sprite make are image, ",
        ),
        (
            GENERATE,
            '{"image": "a.png", "prompt": "x"}',
            "jobs:1 has an unknown column 'image'",
            "the columns of generate are prompt, model, output",
        ),
        (SPLIT, '{"prompt": "arm"}', "jobs:1: image must be text that is not empty", ""),
    ],
)
def test_what_the_operation_cannot_be_told_is_a_mistake(columns: Columns, text: str, message: str, hint: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(text, "jobs", columns)

    assert refused.value.message == message
    assert refused.value.hint.startswith(hint)


@pytest.mark.parametrize("name", ["jobs.jsonl", "JOBS.NDJSON", "jobs.json"])
def test_what_is_named_like_json_is_not_taken_for_csv(name: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest("image,prompt\na.png,x\n", name, UPSCALE)

    assert refused.value.message == f"{name}:1 is not valid JSON"


def test_a_column_that_is_empty_says_nothing() -> None:
    assert from_manifest("image,prompt,output\na.png,,x.png\n", "jobs", UPSCALE) == [Line("a.png", output="x.png")]


def test_a_manifest_without_pictures_lists_prompts() -> None:
    assert from_manifest('{"prompt": "cat"}\n{"output": "b.png"}\n', "jobs", GENERATE) == [
        Line(values={"prompt": "cat"}),
        Line(output="b.png"),
    ]


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Usage, match="jobs has the column 'prompt' twice"):
        from_manifest("image,prompt,Prompt\na.png,x,y\n", "jobs", INPAINT)


@pytest.mark.parametrize("rest", ['"y\n', "x" * 200_000], ids=["a quote without end", "a field without end"])
def test_a_line_that_is_no_csv_is_named_by_its_number(rest: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(f"image,prompt\na.png,x\nb.png,{rest}", "jobs", INPAINT)

    assert refused.value.message == "jobs:3 is not valid CSV"


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_feed_ends_a_line_of_json(end: str) -> None:
    assert from_manifest(f'{{"image": "a.png", "prompt": "blue{end}sky"}}\n', "jobs", INPAINT) == [
        Line("a.png", values={"prompt": f"blue{end}sky"})
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "image,prompt\n"], ids=["0 bytes", "lines", "mark", "header"])
def test_a_manifest_without_jobs_is_a_mistake(text: str) -> None:
    with pytest.raises(Usage, match="jobs lists no jobs"):
        from_manifest(text, "jobs", INPAINT)


@given(st.text())
def test_no_manifest_whatever_is_more_than_a_mistake_of_the_user(text: str) -> None:
    try:
        wanted = from_manifest(text, "jobs", INPAINT)
    except Usage:
        return
    assert all(each.image and each.image.strip() for each in wanted)


def test_paths_are_listed_one_a_line() -> None:
    text = "a.png\nfolder with blanks/b.png\r\n\n   \nhttps://example.com/c.png\n"

    assert from_paths(text) == [Line("a.png"), Line("folder with blanks/b.png"), Line("https://example.com/c.png")]


# ------------------------------------------------------------------ arguments


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder as people have them: pictures, notes, what the system hides, and folders of the same."""
    for number, name in enumerate(("b.png", "a.png", "renamed.txt", ".hidden.png", "more/d.png", "more/deep/c.png")):
        path = tmp_path / "studio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    (tmp_path / "studio" / "notes.txt").write_text("no picture")
    (tmp_path / "studio" / "fake.png").write_text("no picture either")
    (tmp_path / "studio" / "empty.png").write_bytes(b"")
    return tmp_path / "studio"


def names(wanted: Sequence[Line], folder: Path) -> list[str]:
    return [str(Path(each.image or "").relative_to(folder)) for each in wanted]


def test_a_folder_stands_for_the_pictures_in_it_by_their_content(studio: Path) -> None:
    wanted = from_arguments([str(studio)], recursive=False, warn=print)

    assert names(wanted, studio) == ["a.png", "b.png", "renamed.txt"]


def test_folders_of_folders_are_taken_when_asked_for(studio: Path) -> None:
    wanted = from_arguments([str(studio)], recursive=True, warn=print)

    assert names(wanted, studio) == ["a.png", "b.png", "renamed.txt", "more/d.png", "more/deep/c.png"]


def test_a_relative_folder_holds_relative_paths(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(studio)

    assert from_arguments(["more"], recursive=False, warn=print) == [Line("more/d.png")]


def test_what_is_left_out_of_a_folder_is_named(studio: Path) -> None:
    (studio / "gone.png").symlink_to("nowhere")
    warnings: list[str] = []

    found = from_arguments([str(studio)], recursive=False, warn=warnings.append)

    assert names(found, studio) == ["a.png", "b.png", "renamed.txt"]
    assert [Path(text.partition(" is left out")[0]).name for text in warnings] == ["empty.png", "fake.png", "gone.png"]


def test_a_pipe_in_a_folder_keeps_nobody_waiting(studio: Path) -> None:
    os.mkfifo(studio / "pipe.png")

    assert names(from_arguments([str(studio)], recursive=False, warn=print), studio) == [
        "a.png",
        "b.png",
        "renamed.txt",
    ]


@pytest.mark.parametrize(
    ("recursive", "hint"), [(False, "add --recursive to search its subfolders"), (True, "")], ids=["flat", "recursive"]
)
def test_a_folder_without_pictures_is_a_mistake(tmp_path: Path, recursive: bool, hint: str) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(FileMissing, match="holds no pictures") as refused:
        from_arguments([str(tmp_path)], recursive=recursive, warn=print)

    assert refused.value.hint == hint


def test_paths_and_addresses_are_taken_in_the_order_given(studio: Path) -> None:
    given_names = ["z.png", "https://example.com/y.png", str(studio / "more"), "-", "x.png"]

    wanted = from_arguments(given_names, recursive=False, warn=print)

    assert [each.image for each in wanted] == [*given_names[:2], str(studio / "more" / "d.png"), "-", "x.png"]


# ------------------------------------------------------------------ shares of a list

jobs = st.builds(
    Line,
    st.sampled_from(["a.png", "b.png", "c.png", "\udcff.png", "Bär.png"]),
    st.none() | st.sampled_from(["x.png", "y.png"]),
    st.dictionaries(st.sampled_from(["prompt", "quality"]), st.sampled_from(["blue sky", "pro"])),
)


@given(st.lists(jobs, max_size=40), st.integers(1, 9))
def test_shares_together_are_the_list_and_no_job_is_in_two(wanted: list[Line], count: int) -> None:
    shares = [shard(wanted, f"{number}/{count}") for number in range(1, count + 1)]

    assert Counter(str(each.key) for share in shares for each in share) == Counter(str(each.key) for each in wanted)


@given(st.lists(jobs, max_size=40), st.integers(1, 9))
def test_shares_are_of_equal_size(wanted: list[Line], count: int) -> None:
    sizes = [len(shard(wanted, f"{number}/{count}")) for number in range(1, count + 1)]

    assert max(sizes) - min(sizes) <= 1


@given(st.lists(jobs, max_size=40), st.integers(1, 9), st.randoms(use_true_random=False))
def test_a_share_is_the_same_in_whatever_order_the_list_comes(
    wanted: list[Line], count: int, chance: random.Random
) -> None:
    shuffled = list(wanted)
    chance.shuffle(shuffled)

    assert shard(shuffled, f"1/{count}") == shard(wanted, f"1/{count}")


NO_SHARES = ["", "1", "/", "1/", "/2", "0/2", "3/2", "-1/2", "1/0", "1/-2", "1.5/2", "a/b", "1/2/3", "\u0661/\u0662x"]


@pytest.mark.parametrize("text", NO_SHARES)
def test_what_is_no_share_is_a_mistake(text: str) -> None:
    with pytest.raises(Usage, match="is not valid"):
        shard([Line("a.png")], text)


# ------------------------------------------------------------------ names as they are pasted


@pytest.mark.parametrize("written", ["file://{}", "'{}'", " {} "], ids=["address", "quotes", "spaces"])
def test_a_picture_is_found_under_a_pasted_name_in_each_kind_of_list(tmp_path: Path, written: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(0))
    pasted = written.format(path)

    assert from_arguments([pasted], recursive=False, warn=print) == [Line(str(path))]
    assert from_paths(pasted) == [Line(str(path))]
    assert from_manifest(f"image\n{pasted}\n", "list", INPAINT) == [Line(str(path))]


def test_a_folder_may_be_named_by_a_file_address(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(0))

    found = from_arguments([tmp_path.as_uri()], recursive=False, warn=print)

    assert found == [Line(str(tmp_path / "a.png"))]


def test_only_the_ends_of_lines_divide_a_list_of_paths() -> None:
    assert from_paths("a\x0b\x85\u2028.png\r\nb.png\n") == [Line("a\x0b\x85\u2028.png"), Line("b.png")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_subfolder_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(0))
    (tmp_path / "closed").mkdir(mode=0)
    warnings: list[str] = []

    found = from_arguments([str(tmp_path)], recursive=True, warn=warnings.append)

    assert found == [Line(str(tmp_path / "a.png"))]
    assert warnings == [f"{tmp_path}/closed is left out: Permission denied"]
