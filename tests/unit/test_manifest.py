"""What is about to be bought: a list that cannot be understood as a whole is refused, by the line that is wrong."""

import hashlib
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.operations import (
    EffectV1,
    EffectV2,
    Generate,
    Inpaint,
    MakeSpriteV1,
    MakeSpriteV2,
    Operation,
    ReskinV1,
    ReskinV2,
    SplitLayer,
    Upscale,
)
from aeforge_cli.errors import AeforgeError, FileMissing, NotAnImage, Usage
from aeforge_cli.jobs.manifest import (
    Wanted,
    check_inputs,
    check_twins,
    columns,
    from_arguments,
    from_manifest,
    from_paths,
    needs_picture,
    shard,
)
from tests.conftest import png

# ------------------------------------------------------------------ manifests

ONE = [Wanted("a.png", "blue sky", "pro", "out/a.png")]
TWO = [Wanted("a.png", "blue sky"), Wanted("b.png", "red sea")]
MANIFESTS = {
    "JSON with all fields": (
        '{"image": "a.png", "prompt": "blue sky", "quality": "pro", "output": "out/a.png"}\n',
        ONE,
    ),
    "CSV with all fields": ("image,prompt,quality,output\na.png,blue sky,pro,out/a.png\n", ONE),
    "CSV in another order of columns": ("output,quality,image,prompt\nout/a.png,pro,a.png,blue sky\n", ONE),
    "JSON with the image alone": ('{"image": "a.png"}', [Wanted("a.png")]),
    "CSV with the image alone": ("image\na.png\n", [Wanted("a.png")]),
    "JSON lines": ('{"image": "a.png", "prompt": "blue sky"}\n{"image": "b.png", "prompt": "red sea"}\n', TWO),
    "JSON with empty lines": (
        '\n{"image": "a.png", "prompt": "blue sky"}\n\n  \n{"image": "b.png", "prompt": "red sea"}\n',
        TWO,
    ),
    "JSON as Windows writes it": (
        '{"image": "a.png", "prompt": "blue sky"}\r\n{"image": "b.png", "prompt": "red sea"}\r\n',
        TWO,
    ),
    "JSON after a byte-order mark": ('\ufeff{"image": "a.png"}', [Wanted("a.png")]),
    "CSV after a byte-order mark": ("\ufeffimage\na.png\n", [Wanted("a.png")]),
    "CSV as Windows writes it": ("image,prompt\r\na.png,blue sky\r\nb.png,red sea\r\n", TWO),
    "CSV with empty lines": ("image,prompt\na.png,blue sky\n\nb.png,red sea\n\n", TWO),
    "CSV with blanks around its header": ("image, prompt \na.png,blue sky\nb.png,red sea\n", TWO),
    "CSV with empty fields, which the command line fills": (
        "image,prompt,quality,output\na.png,,,\n",
        [Wanted("a.png")],
    ),
    "CSV with a comma and a quote in a field": (
        'image,prompt\na.png,"blue, ""very"" blue"\n',
        [Wanted("a.png", 'blue, "very" blue')],
    ),
    "CSV with a line break in a field": ('image,prompt\na.png,"blue\nsky"\n', [Wanted("a.png", "blue\nsky")]),
    "letters of every script": ('{"image": "Bär.png", "prompt": "\u5929\u7a7a"}', [Wanted("Bär.png", "\u5929\u7a7a")]),
    "the same image with two prompts": (
        "image,prompt\na.png,blue sky\na.png,red sea\n",
        [Wanted("a.png", "blue sky"), Wanted("a.png", "red sea")],
    ),
}


@pytest.mark.parametrize(("text", "wanted"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_is_json_lines_or_csv(text: str, wanted: list[Wanted]) -> None:
    assert from_manifest(text, "jobs", Inpaint) == wanted


GOOD = '{"image": "a.png"}\n'
BAD_LINES = {
    "no JSON": (GOOD + '{"image": ', "jobs:2 is not JSON"),
    "a bare word": (GOOD * 2 + "b.png\n", "jobs:3 is not JSON"),
    "brackets without end": (GOOD + "[" * 200_000, "jobs:2 is not JSON"),
    "a number of 5000 digits": (GOOD + "9" * 5000, "jobs:2 is not JSON"),
    "a JSON list": (GOOD + '["b.png"]', "jobs:2 is not a JSON object"),
    "a JSON null": (GOOD + "null", "jobs:2 is not a JSON object"),
    "an unknown field of JSON": (GOOD + '{"image": "b.png", "promt": "x"}', "jobs:2 has a field 'promt'"),
    "an unknown field of CSV": ("image,promt\na.png,x\n", "jobs:2 has a field 'promt'"),
    "no image": (GOOD + '{"prompt": "x"}', "jobs:2: image must be text that is not empty"),
    "no image in CSV": ("image,prompt\na.png,x\n,y\n", "jobs:3: image must be text that is not empty"),
    "no column for images": ("prompt\nx\n", "jobs:2: image must be text that is not empty"),
    "an empty image": ('{"image": ""}', "jobs:1: image must be text that is not empty"),
    "a blank image": ('{"image": "  "}', "jobs:1: image must be text that is not empty"),
    "an image that is a number": ('{"image": 7}', "jobs:1: image must be text that is not empty"),
    "an image that is a list": ('{"image": ["a.png"]}', "jobs:1: image must be text that is not empty"),
    "an empty prompt": ('{"image": "a.png", "prompt": ""}', "jobs:1: prompt must be text that is not empty"),
    "a null prompt": ('{"image": "a.png", "prompt": null}', "jobs:1: prompt must be text that is not empty"),
    "an output that is true": ('{"image": "a.png", "output": true}', "jobs:1: output must be text that is not empty"),
    "an unknown quality": ('{"image": "a.png", "quality": "best"}', "jobs:1: quality must be one of standard, pro"),
    "an unknown quality in CSV": (
        "image,quality\na.png,pro\nb.png,PRO\n",
        "jobs:3: quality must be one of standard, pro",
    ),
    "more fields than the header": (
        "image,prompt\na.png,x\nb.png,x,y\n",
        "jobs:3 has not as many fields as the header",
    ),
    "fewer fields than the header": ("image,prompt\na.png\n", "jobs:2 has not as many fields as the header"),
    "a bad line after a field of two lines": (
        'image,prompt\na.png,"x\ny"\nb.png\n',
        "jobs:4 has not as many fields as the header",
    ),
    "the first of two bad lines": (GOOD + "x\ny\n", "jobs:2 is not JSON"),
}


@pytest.mark.parametrize(("text", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_named_by_its_number(text: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(text, "jobs", Inpaint)

    assert refused.value.message == message


KNOWN: list[tuple[type[Operation], list[str], bool]] = [
    (Inpaint, ["image", "prompt", "quality", "output"], True),
    (Upscale, ["image", "output"], True),
    (SplitLayer, ["image", "prompt", "output"], True),
    (Generate, ["prompt", "output"], False),
    (EffectV1, ["image", "prompt", "output"], False),
    (EffectV2, ["image", "prompt", "quality", "output"], False),
    (MakeSpriteV1, ["image", "prompt", "output"], True),
    (MakeSpriteV2, ["image", "prompt", "output"], True),
    (ReskinV1, ["image", "prompt", "output"], True),
    (ReskinV2, ["image", "prompt", "quality", "output"], True),
]


@pytest.mark.parametrize(("kind", "known", "needs"), KNOWN, ids=[kind.__name__ for kind, *_ in KNOWN])
def test_a_manifest_says_what_the_operation_can_be_told(kind: type[Operation], known: list[str], needs: bool) -> None:
    assert (columns(kind), needs_picture(kind)) == (known, needs)


@pytest.mark.parametrize(
    ("kind", "text", "message", "hint"),
    [
        (Upscale, "image,prompt\na.png,x\n", "jobs:2 has a field 'prompt'", "upscale knows image, output"),
        (MakeSpriteV2, '{"image": "a", "quality": "pro"}', "jobs:1 has a field 'quality'", "sprite make knows image, "),
        (Generate, '{"image": "a.png", "prompt": "x"}', "jobs:1 has a field 'image'", "generate knows prompt, output"),
        (SplitLayer, '{"prompt": "arm"}', "jobs:1: image must be text that is not empty", ""),
    ],
)
def test_what_the_operation_cannot_be_told_is_a_mistake(
    kind: type[Operation], text: str, message: str, hint: str
) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(text, "jobs", kind)

    assert refused.value.message == message
    assert refused.value.hint.startswith(hint)


def test_a_column_that_is_empty_says_nothing() -> None:
    assert from_manifest("image,prompt,output\na.png,,x.png\n", "jobs", Upscale) == [Wanted("a.png", output="x.png")]


def test_a_manifest_without_pictures_lists_prompts() -> None:
    assert from_manifest('{"prompt": "cat"}\n{"output": "b.png"}\n', "jobs", Generate) == [
        Wanted(prompt="cat"),
        Wanted(output="b.png"),
    ]


@pytest.mark.parametrize("rest", ['"y\n', "x" * 200_000], ids=["a quote without end", "a field without end"])
def test_a_line_that_is_no_csv_is_named_by_its_number(rest: str) -> None:
    with pytest.raises(Usage) as refused:
        from_manifest(f"image,prompt\na.png,x\nb.png,{rest}", "jobs", Inpaint)

    assert refused.value.message == "jobs:3 is not CSV"


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_feed_ends_a_line_of_json(end: str) -> None:
    assert from_manifest(f'{{"image": "a.png", "prompt": "blue{end}sky"}}\n', "jobs", Inpaint) == [
        Wanted("a.png", f"blue{end}sky")
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "image,prompt\n"], ids=["0 bytes", "lines", "mark", "header"])
def test_a_manifest_without_jobs_is_a_mistake(text: str) -> None:
    with pytest.raises(Usage, match="jobs lists no jobs"):
        from_manifest(text, "jobs", Inpaint)


@given(st.text())
def test_no_manifest_whatever_is_more_than_a_mistake_of_the_user(text: str) -> None:
    try:
        wanted = from_manifest(text, "jobs", Inpaint)
    except Usage:
        return
    assert all(each.image and each.image.strip() for each in wanted)


def test_paths_are_listed_one_a_line() -> None:
    text = "a.png\nfolder with blanks/b.png\r\n\n   \nhttps://example.com/c.png\n"

    assert from_paths(text) == [
        Wanted("a.png"),
        Wanted("folder with blanks/b.png"),
        Wanted("https://example.com/c.png"),
    ]


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


def names(wanted: Sequence[Wanted], folder: Path) -> list[str]:
    return [str(Path(each.image or "").relative_to(folder)) for each in wanted]


def test_a_folder_stands_for_the_pictures_in_it_by_their_content(studio: Path) -> None:
    wanted = from_arguments([str(studio)], recursive=False)

    assert names(wanted, studio) == ["a.png", "b.png", "renamed.txt"]


def test_folders_of_folders_are_taken_when_asked_for(studio: Path) -> None:
    wanted = from_arguments([str(studio)], recursive=True)

    assert names(wanted, studio) == ["a.png", "b.png", "renamed.txt", "more/d.png", "more/deep/c.png"]


def test_a_relative_folder_holds_relative_paths(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(studio)

    assert from_arguments(["more"], recursive=False) == [Wanted("more/d.png")]


def test_what_cannot_be_read_in_a_folder_is_not_left_out_in_silence(studio: Path) -> None:
    (studio / "gone.png").symlink_to("nowhere")
    wanted = from_arguments([str(studio)], recursive=False)

    with pytest.raises(FileMissing, match=r"gone\.png cannot be read"):
        check_inputs(wanted, print)


def test_a_pipe_in_a_folder_keeps_nobody_waiting(studio: Path) -> None:
    os.mkfifo(studio / "pipe.png")

    assert names(from_arguments([str(studio)], recursive=False), studio) == ["a.png", "b.png", "renamed.txt"]


@pytest.mark.parametrize(
    ("recursive", "hint"), [(False, "add --recursive for those in its folders"), (True, "")], ids=["flat", "recursive"]
)
def test_a_folder_without_pictures_is_a_mistake(tmp_path: Path, recursive: bool, hint: str) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(FileMissing, match="holds no pictures") as refused:
        from_arguments([str(tmp_path)], recursive=recursive)

    assert refused.value.hint == hint


def test_paths_and_addresses_are_taken_in_the_order_given(studio: Path) -> None:
    given_names = ["z.png", "https://example.com/y.png", str(studio / "more"), "-", "x.png"]

    wanted = from_arguments(given_names, recursive=False)

    assert [each.image for each in wanted] == [*given_names[:2], str(studio / "more" / "d.png"), "-", "x.png"]


# ------------------------------------------------------------------ shares of a list

jobs = st.builds(
    Wanted,
    st.sampled_from(["a.png", "b.png", "c.png", "\udcff.png", "Bär.png"]),
    st.none() | st.sampled_from(["blue sky", "red sea"]),
    st.none() | st.sampled_from(["standard", "pro"]),
    st.none() | st.sampled_from(["x.png", "y.png"]),
)


@given(st.lists(jobs, max_size=40), st.integers(1, 9))
def test_shares_together_are_the_list_and_no_job_is_in_two(wanted: list[Wanted], count: int) -> None:
    shares = [shard(wanted, f"{number}/{count}") for number in range(1, count + 1)]

    assert Counter(each for share in shares for each in share) == Counter(wanted)


@given(st.lists(jobs, max_size=40), st.integers(1, 9))
def test_shares_are_of_equal_size(wanted: list[Wanted], count: int) -> None:
    sizes = [len(shard(wanted, f"{number}/{count}")) for number in range(1, count + 1)]

    assert max(sizes) - min(sizes) <= 1


@given(st.lists(jobs, max_size=40), st.integers(1, 9), st.randoms(use_true_random=False))
def test_a_share_is_the_same_in_whatever_order_the_list_comes(
    wanted: list[Wanted], count: int, chance: random.Random
) -> None:
    shuffled = list(wanted)
    chance.shuffle(shuffled)

    assert shard(shuffled, f"1/{count}") == shard(wanted, f"1/{count}")


NO_SHARES = ["", "1", "/", "1/", "/2", "0/2", "3/2", "-1/2", "1/0", "1/-2", "1.5/2", "a/b", "1/2/3", "\u0661/\u0662x"]


@pytest.mark.parametrize("text", NO_SHARES)
def test_what_is_no_share_is_a_mistake(text: str) -> None:
    with pytest.raises(Usage, match="is no shard"):
        shard([Wanted("a.png")], text)


# ------------------------------------------------------------------ inputs


def refused(check: Callable[[], None]) -> AeforgeError:
    with pytest.raises(AeforgeError) as failed:
        check()
    return failed.value


def test_good_inputs_pass_without_a_word(studio: Path) -> None:
    warnings: list[str] = []

    check_inputs([Wanted(str(studio / "a.png")), Wanted("https://example.com/x.png")], warnings.append)

    assert warnings == []


def test_one_bad_input_is_told_as_it_is(studio: Path) -> None:
    warnings: list[str] = []
    wanted = [Wanted(str(studio / "a.png")), Wanted(str(studio / "fake.png"))]

    error = refused(lambda: check_inputs(wanted, warnings.append))

    assert (type(error), error.message) == (NotAnImage, f"{studio / 'fake.png'} is not a picture")
    assert (error.why, warnings) == ("its content is in no known format", [])


def test_of_many_bad_inputs_the_first_is_the_error_and_a_few_are_named(studio: Path) -> None:
    warnings: list[str] = []
    missing = [str(studio / f"none{number}.png") for number in range(9)]

    error = refused(lambda: check_inputs([Wanted(name) for name in missing], warnings.append))

    assert (type(error), error.message) == (FileMissing, f"{missing[0]} cannot be read")
    assert error.why == "No such file or directory; 9 inputs cannot be used, and nothing was sent"
    assert warnings == [f"{name} cannot be read" for name in missing[1:6]]


# ------------------------------------------------------------------ the same work twice


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def copies(tmp_path: Path) -> list[str]:
    """Three files with one content, and one of the same size with another."""
    contents = [b"same", b"same", b"same", b"else"]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.png").write_bytes(content)
    return [str(tmp_path / f"{number}.png") for number in range(len(contents))]


def twins(*wanted: Wanted, reading: Callable[[str], str] = digest) -> AeforgeError | None:
    """What is said where the same is asked of all whose prompt is the same."""
    try:
        check_twins([(each, each.words) for each in wanted], reading)
    except AeforgeError as error:
        return error
    return None


def test_the_same_work_asked_for_twice_is_a_mistake(copies: list[str]) -> None:
    error = twins(Wanted(copies[0], "x"), Wanted(copies[3], "x"), Wanted(copies[1], "x"))

    assert error is not None
    assert (type(error), error.message, error.why) == (
        Usage,
        f"{copies[1]} and {copies[0]} ask for the same work",
        "that would be paid for twice",
    )


def test_the_same_prompt_without_a_picture_is_a_mistake_too() -> None:
    error = twins(*(Wanted(prompt=prompt, index=index) for index, prompt in enumerate("xyx")))

    assert error is not None
    assert error.message == "job 3 and job 1 ask for the same work"


def test_another_place_for_the_result_makes_no_other_work(copies: list[str]) -> None:
    assert twins(Wanted(copies[0], "x", output="1.png"), Wanted(copies[0], "x", output="2.png"))


def test_the_same_address_twice_is_a_mistake() -> None:
    assert twins(*[Wanted("https://example.com/a.png", "x")] * 2)


def test_what_is_asked_otherwise_is_other_work(copies: list[str]) -> None:
    assert twins(Wanted(copies[0], "x"), Wanted(copies[1], "y"), Wanted(prompt="x")) is None


def test_only_files_of_equal_size_are_read(copies: list[str], tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(b"of another size")
    read: list[str] = []

    def reading(path: str) -> str:
        read.append(path)
        return digest(path)

    found = twins(
        Wanted(copies[0], "x"), Wanted(str(tmp_path / "large.png"), "x"), Wanted(copies[3], "x"), reading=reading
    )

    assert found is None
    assert read == [copies[0], copies[3]]
