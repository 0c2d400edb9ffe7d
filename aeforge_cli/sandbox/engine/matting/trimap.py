"""Trimaps: where a pixel is surely foreground, surely background, or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray


@dataclass(frozen=True)
class Trimap:
    """Three masks, H x W each. Pixels in none of them are foreground too, but their colour is not looked at."""

    foreground: BoolArray
    background: BoolArray
    unknown: BoolArray
