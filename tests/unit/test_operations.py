"""A request is what the service's reference documents, or it does not exist."""

import json
from collections.abc import Callable

import pytest

from aeforge_cli.api.operations import (
    OPERATIONS,
    WORDS,
    AiModel,
    CharacterOverlayV1,
    CharacterOverlayV2,
    EffectV1,
    EffectV2,
    Generate,
    Inpaint,
    MakeSpriteV1,
    MakeSpriteV2,
    Operation,
    Quality,
    ReskinV1,
    ReskinV2,
    Resolution,
    SplitLayer,
    Style,
    Upscale,
)
from aeforge_cli.errors import Usage
from aeforge_cli.files.picture import Picture
from tests.conftest import png
from tests.unit.conftest import picture

A, B = picture(png(1), label="a.png"), picture(png(2), label="b.png")
ROWS = json.dumps([{"row": 0, "title": "walk", "description": "walks to the right"}])

# The forms of the reference: a file is written as `@` and its label.
FORMS: list[tuple[Operation, str, list[tuple[str, str]]]] = [
    (
        Inpaint(A, "Change background to blue sky"),
        "image-tune/inpaint/v2",
        [("image", "@a.png"), ("prompt", "Change background to blue sky"), ("quality", "standard")],
    ),
    (Inpaint(A, "x", Quality.PRO), "image-tune/inpaint/v2", [("image", "@a.png"), ("prompt", "x"), ("quality", "pro")]),
    (Upscale(A, Resolution.FOUR_K), "image-tune/upscale", [("image", "@a.png"), ("scale", "4K")]),
    (SplitLayer(A, "arm"), "image-tune/split-layer", [("image", "@a.png"), ("keyword", "arm")]),
    (Generate("cat", AiModel.NANO_BANANA_PRO), "generate/image", [("prompt", "cat"), ("ai_model", "Nano Banana Pro")]),
    (
        Generate("cat", AiModel.GPT_IMAGE_15, (A, B)),
        "generate/image",
        [("prompt", "cat"), ("ai_model", "GPT Image 1.5"), ("ref_images", "@a.png"), ("ref_images", "@b.png")],
    ),
    (EffectV1("boom", Resolution.ONE_K), "generate/effect/v1", [("description", "boom"), ("resolution", "1K")]),
    (
        EffectV1("boom", Resolution.TWO_K, A),
        "generate/effect/v1",
        [("description", "boom"), ("resolution", "2K"), ("image", "@a.png")],
    ),
    (
        EffectV2("boom", Quality.PRO, 16, A),
        "generate/effect/v2",
        [("description", "boom"), ("quality", "pro"), ("frame", "16"), ("image", "@a.png")],
    ),
    (
        MakeSpriteV1(A, "walks", 25, is_pixel=True),
        "sprite/make-sprite/v1",
        [("image", "@a.png"), ("text", "walks"), ("frame", "25"), ("is_pixel", "true")],
    ),
    (
        MakeSpriteV1(A, "walks", 36),
        "sprite/make-sprite/v1",
        [("image", "@a.png"), ("text", "walks"), ("frame", "36"), ("is_pixel", "false")],
    ),
    (
        MakeSpriteV2(A, "sits", 49),
        "sprite/make-sprite/v2",
        [("start_frame_image", "@a.png"), ("text", "sits"), ("frame", "49"), ("is_pixel", "false")],
    ),
    (
        MakeSpriteV2(A, "sits", 121, B),
        "sprite/make-sprite/v2",
        [
            ("start_frame_image", "@a.png"),
            ("text", "sits"),
            ("frame", "121"),
            ("end_frame_image", "@b.png"),
            ("is_pixel", "false"),
        ],
    ),
    (
        ReskinV1(A, "robot", Resolution.ONE_K, Style.QUARTER_VIEW),
        "sprite/reskin/v1",
        [("image", "@a.png"), ("description", "robot"), ("resolution", "1K"), ("style", "quater_view")],
    ),
    (
        ReskinV2(A, "robot", Quality.STANDARD),
        "sprite/reskin/v2",
        [("image", "@a.png"), ("description", "robot"), ("quality", "standard")],
    ),
    (
        CharacterOverlayV1(A, (B, A), ROWS, Resolution.ONE_K),
        "sprite/character-overlay/v1",
        [
            ("sprite_sheet", "@a.png"),
            ("character_images", "@b.png"),
            ("character_images", "@a.png"),
            ("rows", ROWS),
            ("resolution", "1K"),
        ],
    ),
    (
        CharacterOverlayV2(A, (B,), ROWS, Quality.PRO, Style.SD),
        "sprite/character-overlay/v2",
        [
            ("sprite_sheet", "@a.png"),
            ("character_images", "@b.png"),
            ("rows", ROWS),
            ("quality", "pro"),
            ("style", "sd"),
        ],
    ),
]


@pytest.mark.parametrize(("operation", "path", "form"), FORMS, ids=lambda value: getattr(value, "path", ""))
def test_an_operation_is_sent_as_the_reference_has_it(
    operation: Operation, path: str, form: list[tuple[str, str]]
) -> None:
    sent = [
        (part.name, f"@{part.value.label}" if isinstance(part.value, Picture) else part.value)
        for part in operation.parts()
    ]

    assert (operation.path, sent) == (path, form)


def test_every_operation_of_the_reference_is_here() -> None:
    assert {type(operation) for operation, _, _ in FORMS} == set(OPERATIONS)
    assert len({operation.path for operation in OPERATIONS}) == 12


def test_the_values_to_choose_from_are_those_of_the_reference() -> None:
    assert [*Quality] == ["standard", "pro"]
    assert [*Resolution] == ["1K", "2K", "4K"]
    assert [*Style] == ["pixel", "cartoon", "sd", "quater_view"]
    assert [*AiModel] == [
        "GPT Image 1.5",
        "GPT Image 2",
        "Grok Imagine",
        "Grok Imagine Pro",
        "Nano Banana",
        "Nano Banana 2",
        "Nano Banana Pro",
    ]


ASKED: dict[str, Callable[[str], Operation]] = {
    "inpaint": lambda words: Inpaint(A, words),
    "split-layer": lambda words: SplitLayer(A, words),
    "generate": lambda words: Generate(words, AiModel.NANO_BANANA),
    "effect v1": lambda words: EffectV1(words, Resolution.ONE_K),
    "effect v2": lambda words: EffectV2(words, Quality.PRO, 4),
    "sprite make v1": lambda words: MakeSpriteV1(A, words, 25),
    "sprite make v2": lambda words: MakeSpriteV2(A, words, 49),
    "sprite reskin v1": lambda words: ReskinV1(A, words, Resolution.ONE_K),
    "sprite reskin v2": lambda words: ReskinV2(A, words, Quality.PRO),
}


@pytest.mark.parametrize("blank", ["", " ", "\n\t "], ids=["empty", "a space", "white space"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_without_words_there_is_no_request(ask: Callable[[str], Operation], blank: str) -> None:
    assert ask("x").words == "x"

    with pytest.raises(Usage, match=r"^The (prompt|keyword|description|text) is empty$"):
        ask(blank)


INVISIBLE = {
    "zero width space": "\u200b",
    "byte-order mark": "\ufeff",
    "soft hyphens": "\u00ad\u00ad",
    "no-break space": "\u00a0",
    "joiners": "\u200d\u2060",
    "marks of direction": "\u202e\u2066",
    "variation selector": "\ufe0f",
    "combining accent": " \u0301",
    "filler of Hangul": "\u3164",
    "blank of Braille": "\u2800",
    "tag": "\U000e0041",
    "line separator": "\u2028",
    "zero byte": "\0",
}


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_words_that_nobody_can_see_are_no_words(ask: Callable[[str], Operation], text: str) -> None:
    with pytest.raises(Usage, match=r"^The (prompt|keyword|description|text) is empty$"):
        ask(text)


@pytest.mark.parametrize("text", ["-", " - ", "--", "-\u200b"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_hyphen_alone_is_no_prompt_but_a_mistake(ask: Callable[[str], Operation], text: str) -> None:
    with pytest.raises(Usage, match=r"^The \w+ is only '--?'$") as refused:
        ask(text)

    assert refused.value.hint == "to read it from standard input, write @-"


@pytest.mark.parametrize(
    "text", ["x", "-5%", "\u00e9", "e\u0301", "\u5929", "\U0001f324\ufe0f", "\U0001fae8", ".", "- sky"]
)
def test_whatever_can_be_seen_is_sent_as_it_was_written(text: str) -> None:
    assert Inpaint(A, text).words == text


def test_what_is_no_text_is_not_sent() -> None:
    with pytest.raises(Usage, match="The prompt is not valid Unicode text"):
        Inpaint(A, "sky\ud800")


def test_two_versions_of_an_operation_share_its_name_and_what_they_can_say_of_it() -> None:
    for one, other in (
        (EffectV1, EffectV2),
        (ReskinV1, ReskinV2),
        (CharacterOverlayV1, CharacterOverlayV2),
        (MakeSpriteV1, MakeSpriteV2),
    ):
        assert (one.name, one.words_field()) == (other.name, other.words_field())


def test_the_names_of_the_fields_for_words_are_those_of_the_operations() -> None:
    assert WORDS == ("prompt", "keyword", "description", "text")


FRAMES: dict[str, tuple[Callable[[int], Operation], tuple[int, ...]]] = {
    "effect v2": (lambda frame: EffectV2("boom", Quality.PRO, frame), (4, 9, 16)),
    "sprite make v1": (lambda frame: MakeSpriteV1(A, "x", frame), (25, 36, 49, 64, 81, 100, 121, 144, 169)),
    "sprite make v2": (lambda frame: MakeSpriteV2(A, "x", frame), (49, 81, 121)),
}


@pytest.mark.parametrize(("ask", "allowed"), FRAMES.values(), ids=FRAMES)
def test_only_the_documented_numbers_of_frames_are_asked_for(
    ask: Callable[[int], Operation], allowed: tuple[int, ...]
) -> None:
    assert tuple(frame for frame in range(-1, 200) if _is_made(ask, frame)) == allowed

    with pytest.raises(Usage) as refused:
        ask(7)

    told = (refused.value.message, refused.value.hint)
    assert told == ("7 frames cannot be made", "choose one of " + ", ".join(map(str, allowed)))


def _is_made(ask: Callable[[int], Operation], frame: int) -> bool:
    try:
        ask(frame)
    except Usage:
        return False
    return True


@pytest.mark.parametrize(
    ("model", "most"),
    [(model, {"Grok Imagine": 5, "Grok Imagine Pro": 1}.get(model, 10)) for model in AiModel],
    ids=str,
)
def test_each_model_takes_its_number_of_references(model: AiModel, most: int) -> None:
    assert len(Generate("cat", model, (A,) * most).ref_images) == most

    with pytest.raises(Usage) as refused:
        Generate("cat", model, (A,) * (most + 1))

    assert (refused.value.message, refused.value.why) == (
        f"{model} takes at most {most} reference pictures",
        f"{most + 1} were given",
    )


@pytest.mark.parametrize("count", [0, 5])
def test_an_overlay_takes_one_to_four_characters(count: int) -> None:
    assert CharacterOverlayV1(A, (B,) * 4, ROWS, Resolution.ONE_K).character_images == (B,) * 4

    with pytest.raises(Usage, match="An overlay takes 1 to 4 characters"):
        CharacterOverlayV2(A, (B,) * count, ROWS, Quality.PRO)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "The rows are not JSON"),
        ("walk", "The rows are not JSON"),
        ("{}", "The rows are not a list of row, title and description"),
        ("[]", "The rows are not a list of row, title and description"),
        ('[{"row": "0", "title": "a", "description": "b"}]', "The rows are not a list of row, title and description"),
        ('[{"row": 0, "title": "a"}]', "The rows are not a list of row, title and description"),
        ("[1]", "The rows are not a list of row, title and description"),
    ],
)
def test_rows_that_make_no_sense_are_refused(rows: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        CharacterOverlayV1(A, (B,), rows, Resolution.ONE_K)

    assert refused.value.message == message


def test_the_same_work_has_the_same_fingerprint_whatever_the_file_is_called() -> None:
    renamed = picture(png(1), label="elsewhere/c.png")

    assert Inpaint(A, "x").fingerprint() == Inpaint(renamed, "x").fingerprint()


def test_any_other_work_has_another_fingerprint() -> None:
    works = [
        *(operation for operation, _, _ in FORMS),
        Inpaint(A, "y"),
        Inpaint(B, "Change background to blue sky"),
        EffectV1("boom", Resolution.ONE_K, A),
        CharacterOverlayV1(A, (A, B), ROWS, Resolution.ONE_K),
    ]

    assert len({work.fingerprint() for work in works}) == len(works)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (Inpaint(A, "blue sky"), "blue sky"),
        (SplitLayer(A, "arm"), "arm"),
        (EffectV1("boom", Resolution.ONE_K), "boom"),
        (MakeSpriteV1(A, "walks", 25), "walks"),
        (Upscale(A), ""),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_users_words_are_found_in_whichever_field_carries_them(operation: Operation, words: str) -> None:
    assert operation.words == words


def test_pictures_are_found_in_whichever_field_carries_them() -> None:
    assert [*Generate("cat", AiModel.NANO_BANANA, (A, B)).pictures()] == [A, B]
    assert [*MakeSpriteV2(A, "sits", 49, B).pictures()] == [A, B]
    assert [*EffectV1("boom", Resolution.ONE_K).pictures()] == []
