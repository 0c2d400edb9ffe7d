"""What comes out of each operation: the engine's edit, a real enlargement, or a placeholder that says it is one."""

from __future__ import annotations

import io
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, assert_never

from PIL import Image, ImageDraw, ImageFont, ImageOps

from aeforge_cli.sandbox.engine import Refused, edit_bytes
from aeforge_cli.sandbox.operations import RENDERERS, Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aeforge_cli.sandbox.engine import Engine, Quality
    from aeforge_cli.sandbox.workers.order import Order

# Pillow would print it on the terminal, and go on.
warnings.simplefilter("error", Image.DecompressionBombWarning)

LARGEST = 50_000_000
LONG_SIDE = {"1K": 1024, "2K": 2048, "4K": 4096}
USUAL_LONG_SIDE = 512
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# The service does not say how many files a sprite comes in; a client sees several, and not hundreds.
MOST_FRAMES = 16
PAPER, INK, ACCENT = (236, 238, 242), (40, 44, 52), (92, 120, 196)

Made = tuple[Literal["png", "gif"], bytes]
"""A result: its suffix and its content."""


def media_type(file: BinaryIO) -> str | None:
    """None where it is no picture that can be worked. Judged by its header alone: nothing is decoded."""
    try:
        with Image.open(file, formats=FORMATS) as picture:
            known = picture.get_format_mimetype() if picture.width * picture.height <= LARGEST else None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, OSError, SyntaxError, ValueError):
        # Pillow's formats raise the last three for bytes that are damaged.
        return None
    return "image/jpeg" if known == "image/mpo" else known  # a JPEG with more pictures after the first


def make(order: Order, engine: Callable[[], Engine]) -> Iterator[Made]:
    """The results of an order, one after the other. Raises Refused."""
    renderer = RENDERERS[order.operation]
    match renderer:
        case Renderer.EDIT:
            yield _edited(order, engine())
        case Renderer.ENLARGE:
            yield _png(_enlarged(_opened(order, "image"), LONG_SIDE[order.field("scale")]))
        case Renderer.SPLIT:
            yield from map(_png, _layers(order))
        case Renderer.ANIMATE:
            yield from _sprite(order)
        case Renderer.PLACEHOLDER:
            yield _png(_placeholder(order, order.field("prompt") or order.field("description")))
        case _:
            assert_never(renderer)


def _edited(order: Order, engine: Engine) -> Made:
    [picture] = order.pictures["image"]
    quality: Quality = "pro" if order.field("quality") == "pro" else "standard"
    return "png", edit_bytes(engine, Path(picture).read_bytes(), order.field("prompt"), quality, lambda _share: None)


def _enlarged(picture: Image.Image, long_side: int) -> Image.Image:
    return picture.resize(_fitted(picture.size, long_side), Image.Resampling.LANCZOS)


def _layers(order: Order) -> Iterator[Image.Image]:
    """The middle for the element asked for, the rest for what is behind it."""
    picture = _opened(order, "image").convert("RGBA")
    middle = Image.new("L", picture.size)
    inset = [picture.width // 4, picture.height // 4, picture.width * 3 // 4, picture.height * 3 // 4]
    ImageDraw.Draw(middle).ellipse(inset, fill=255)
    for name, mask in (order.field("keyword"), middle), ("the rest", ImageOps.invert(middle)):
        layer = Image.new("RGBA", picture.size)
        layer.paste(picture, mask=mask)
        yield _labelled(layer, order, f"layer: {name}")


def _sprite(order: Order) -> Iterator[Made]:
    asked = int(order.field("frame"))
    picture = _fitted_picture(_first_picture(order), USUAL_LONG_SIDE // 2)
    frames = [_frame(picture, order, number, asked) for number in range(min(asked, MOST_FRAMES))]
    yield from map(_png, frames)
    yield "gif", _gif(frames)


def _frame(picture: Image.Image, order: Order, number: int, asked: int) -> Image.Image:
    """A sway, so that the frames differ and the animation moves."""
    sway = abs(number % 8 - 4) - 2
    moved = Image.new("RGB", picture.size, PAPER)
    moved.paste(picture, (sway * picture.width // 64, 0), picture)
    return _labelled(moved, order, f"frame {number + 1} of {asked}")


def _placeholder(order: Order, text: str) -> Image.Image:
    long_side = LONG_SIDE.get(order.field("resolution"), USUAL_LONG_SIDE)
    picture = _first_picture(order)
    if picture is not None:
        canvas = Image.new("RGB", _fitted(picture.size, long_side), PAPER)
        fitted = _fitted_picture(picture, long_side)
        canvas.paste(fitted, mask=fitted)
    else:
        canvas = Image.linear_gradient("L").resize((long_side, long_side))
        canvas = ImageOps.colorize(canvas, black=ACCENT, white=PAPER)
    return _labelled(_written(canvas, text), order, "")


def _first_picture(order: Order) -> Image.Image | None:
    field = next((field for field, paths in order.pictures.items() if paths), None)
    return _opened(order, field) if field else None


def _opened(order: Order, field: str) -> Image.Image:
    try:
        with Image.open(order.pictures[field][0], formats=FORMATS) as file:
            return ImageOps.exif_transpose(file).convert("RGBA" if file.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError) as broken:
        raise Refused("The picture is damaged.") from broken


def _fitted(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    scale = long_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _fitted_picture(picture: Image.Image | None, long_side: int) -> Image.Image:
    if picture is None:
        raise Refused("There is no picture to start from.")
    return picture.convert("RGBA").resize(_fitted(picture.size, long_side))


def _written(picture: Image.Image, text: str) -> Image.Image:
    size = max(10, picture.width // 24)
    lines = textwrap.wrap(text, width=40, max_lines=8, placeholder=" …")
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).text((size, size), "\n".join(lines), fill=INK, font=font, stroke_width=2, stroke_fill=PAPER)
    return picture


def _labelled(picture: Image.Image, order: Order, detail: str) -> Image.Image:
    """A band at the foot of the picture: whoever meets the file sees that no service made it."""
    size = max(8, picture.width // 32)
    label = " · ".join(filter(None, ["sandbox placeholder", order.operation, detail[:40]]))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, picture.height - 2 * size, picture.width, picture.height], fill=INK)
    draw.text((size // 2, picture.height - size * 7 // 4), label, fill=PAPER, font=ImageFont.load_default(size))
    return picture


def _png(picture: Image.Image) -> Made:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=3)
    return "png", out.getvalue()


def _gif(frames: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    first, *rest = frames
    first.save(out, "GIF", save_all=True, append_images=rest, duration=80, loop=0)
    return out.getvalue()
