"""What comes out of each operation, and what a picture is."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from aeforge_cli.sandbox.engine import Engine, Instruction, Refused
from aeforge_cli.sandbox.workers.order import NotRendered, Order, Outcome, Rendered, outcome_from
from aeforge_cli.sandbox.workers.renderers import media_type
from aeforge_cli.sandbox.workers.worker import carry_out
from tests.conftest import png


class Inverting:
    def edit(self, picture: Image.Image, instruction: Instruction, progress: Callable[[float], None]) -> Image.Image:
        if instruction.prompt == "refuse":
            raise Refused("that cannot be done")
        return Image.eval(picture.convert("RGB"), lambda value: 255 - value)


def inverting() -> Engine:
    return Inverting()


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., list[Image.Image]]:
    (tmp_path / "images").mkdir()
    sent = tmp_path / "sent.png"
    sent.write_bytes(png(0x204060, side=40))

    def work(operation: str, *fields: str, **values: object) -> list[Image.Image]:
        order = Order(operation, values, {field: [str(sent)] for field in fields}, str(tmp_path / "images"))
        match carry_out(order, inverting):
            case Rendered(names):
                return [Image.open(io.BytesIO((tmp_path / "images" / name).read_bytes())) for name in names]
            case other:
                pytest.fail(f"{other}")

    return work


Work = Callable[..., list[Image.Image]]


def test_inpaint_is_the_engines_work(work: Work) -> None:
    [made] = work("image-tune/inpaint/v2", "image", prompt="invert", quality="pro")

    assert (made.size, made.getpixel((3, 3))) == ((40, 40), (0xDF, 0xBF, 0x9F))


@pytest.mark.parametrize(("scale", "side"), [("1K", 1024), ("2K", 2048), ("4K", 4096)])
def test_upscale_enlarges_to_the_long_side_asked_for(work: Work, scale: str, side: int) -> None:
    [made] = work("image-tune/upscale", "image", scale=scale)

    assert (made.size, made.getpixel((9, 9))) == ((side, side), (0x20, 0x40, 0x60))


def test_a_split_gives_the_element_and_the_rest_on_clear_ground(work: Work) -> None:
    element, rest = work("image-tune/split-layer", "image", keyword="arm")

    assert (element.size, element.mode, rest.mode) == ((40, 40), "RGBA", "RGBA")
    assert (element.getpixel((20, 18)), rest.getpixel((20, 18))) == ((0x20, 0x40, 0x60, 255), (0, 0, 0, 0))
    assert (element.getpixel((1, 1)), rest.getpixel((1, 1))) == ((0, 0, 0, 0), (0x20, 0x40, 0x60, 255))


@pytest.mark.parametrize(
    ("operation", "field"), [("sprite/make-sprite/v1", "image"), ("sprite/make-sprite/v2", "start_frame_image")]
)
def test_a_sprite_is_frames_and_an_animation_of_them(work: Work, operation: str, field: str) -> None:
    *frames, animation = work(operation, field, text="walks", frame=49, is_pixel=False)

    assert [frame.format for frame in frames] == ["PNG"] * 16
    assert (animation.format, getattr(animation, "n_frames", 1) > 1) == ("GIF", True)
    assert {frame.size for frame in frames} == {animation.size}


@pytest.mark.parametrize(
    ("operation", "fields", "values", "side"),
    [
        ("generate/image", [], {"prompt": "a cat", "ai_model": "GPT Image 2"}, 512),
        ("generate/image", ["ref_images"], {"prompt": "a cat", "ai_model": "GPT Image 2"}, 512),
        ("generate/effect/v1", [], {"description": "boom", "resolution": "2K"}, 2048),
        ("generate/effect/v2", ["image"], {"description": "boom", "quality": "pro", "frame": 4}, 512),
        ("sprite/reskin/v1", ["image"], {"description": "in armour", "resolution": "1K", "style": None}, 1024),
        ("sprite/reskin/v2", ["image"], {"description": "in armour", "quality": "pro", "style": "sd"}, 512),
        ("sprite/character-overlay/v1", ["sprite_sheet"], {"rows": [], "resolution": "1K", "style": None}, 1024),
        ("sprite/character-overlay/v2", ["sprite_sheet"], {"rows": [], "quality": "pro", "style": None}, 512),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_what_cannot_be_done_here_is_a_labelled_placeholder(
    work: Work, operation: str, fields: list[str], values: dict[str, object], side: int
) -> None:
    [made] = work(operation, *fields, **values)

    label = made.crop((0, side - side // 16 + 1, side, side))
    assert made.size == (side, side)
    assert label.getpixel((side - 1, 3)) == (40, 44, 52)
    assert len(label.getcolors(maxcolors=1 << 16) or []) > 1


def test_a_refusal_and_an_error_are_answers_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(png(1))

    def asked(prompt: str, picture: str) -> Outcome:
        pictures = {"image": [str(tmp_path / picture)]}
        fields: dict[str, object] = {"prompt": prompt, "quality": "pro"}
        return carry_out(Order("image-tune/inpaint/v2", fields, pictures, str(tmp_path)), inverting)

    gone = asked("invert", "gone.png")
    assert asked("refuse", "picture.png") == NotRendered("that cannot be done")
    assert isinstance(gone, NotRendered)
    assert gone.reason.startswith("FileNotFoundError: ")


def test_usual_formats_are_pictures(pictures: dict[str, bytes]) -> None:
    types = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}

    assert {suffix: media_type(io.BytesIO(data)) for suffix, data in pictures.items()} == types


def test_a_photo_with_another_photo_behind_it_is_a_jpeg_as_browsers_see_it() -> None:
    photo = Image.new("RGB", (16, 16))
    data = io.BytesIO()
    photo.save(data, "MPO", save_all=True, append_images=[photo])

    assert media_type(data) == "image/jpeg"


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    def engine() -> Engine:
        raise Refused("x" * 5000)

    outcome = carry_out(Order("image-tune/inpaint/v2", {}, {}, str(tmp_path)), engine)

    assert outcome == NotRendered("x" * 2000 + "…")


def test_a_reason_is_one_line_whatever_an_engine_writes(tmp_path: Path) -> None:
    def engine() -> Engine:
        raise Refused("It does not know this.\nIt knows:\n- blue sky\n- darker.\n\nTry one.\n")

    outcome = carry_out(Order("image-tune/inpaint/v2", {}, {}, str(tmp_path)), engine)

    assert outcome == NotRendered("It does not know this. It knows: blue sky; darker. Try one.")


@pytest.mark.parametrize("outcome", [Rendered(["a.png", "b.gif"]), NotRendered("no\u2028\x1b[2J")], ids=str)
def test_what_a_worker_writes_is_read_back_as_it_was(outcome: Rendered | NotRendered) -> None:
    assert (outcome_from(outcome.as_line()), outcome.as_line().count(b"\n")) == (outcome, 1)


@pytest.mark.parametrize(
    ("width", "height", "judged"),
    [(7_000, 7_000, True), (60_000, 1_000, False), (10_000, 10_000, False), (2**31 - 1, 2**31 - 1, False)],
)
def test_a_header_that_promises_too_much_is_no_picture(width: int, height: int, judged: bool) -> None:
    picture = bytearray(png(0))
    picture[16:24] = struct.pack(">II", width, height)
    picture[29:33] = struct.pack(">I", zlib.crc32(picture[12:29]))

    assert (media_type(io.BytesIO(picture)) is not None) is judged


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"], ids=repr
)
def test_other_bytes_are_no_picture(data: bytes) -> None:
    assert media_type(io.BytesIO(data)) is None
