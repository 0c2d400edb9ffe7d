"""The pixels of a picture, read and scaled by Pillow, which comes with the extra `preview`."""

import warnings
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 40_000_000
# TIFF is left out: its library writes warnings, with words of the file, to stderr by itself.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_CHECKER = (0x99, 0x66)  # greys
_SQUARE = 4  # pixels


def read(stream: BinaryIO) -> "Image":
    """The picture, upright, in RGBA. Raises ImportError without Pillow; what is broken may raise anything."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are judged here, and of odd metadata
        image = Image.open(stream, formats=_FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels are too many to draw")
        image.draft("RGB", (1024, 1024))  # a large JPEG is decoded smaller, which takes less time
        return ImageOps.exif_transpose(image).convert("RGBA")


def scaled(image: "Image", width: int, height: int) -> "Image":
    from PIL.Image import Resampling

    way = Resampling.BOX if width * height < image.width * image.height else Resampling.NEAREST
    return image.resize((width, height), way)


def opaque(image: "Image") -> "Image":
    """The picture over a checkerboard, which shows where it is transparent."""
    from PIL import Image

    light, dark = (bytes([grey]) * _SQUARE for grey in _CHECKER)
    repeats = image.width // (2 * _SQUARE) + 1
    rows = [((light + dark) * repeats)[: image.width], ((dark + light) * repeats)[: image.width]]
    board = b"".join(rows[y // _SQUARE % 2] for y in range(image.height))
    ground = Image.frombytes("L", image.size, board).convert("RGBA")
    return Image.alpha_composite(ground, image).convert("RGB")
