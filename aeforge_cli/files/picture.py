"""A picture that can be sent: what it is, how large, and how to read it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from aeforge_cli.dataclass import dataclass

if TYPE_CHECKING:
    from aeforge_cli.files.image_headers import ImageInfo


@dataclass(frozen=True)
class Picture:
    """A picture that can be sent: read once to be judged, hashed and measured, and read again, in blocks, to be sent.

    `label` is what the user called it, `name` a file name for it, `size` is in bytes, `open` gives a new reader at its
    first byte; `stamp` is what the file system said of it then, if a change would show there.
    """

    label: str
    name: str
    info: "ImageInfo"
    size: int
    sha256: str
    open: Callable[[], BinaryIO]
    stamp: tuple[int, ...] | None = None
