"""Which object is at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine.edits import Place
from aeforge_cli.sandbox.engine.removal.localisation import locate_object

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

UPPER_RIGHT = Place(0.5, 0.0, 1.0, 0.5)


def white_square() -> Image.Image:
    """On a ground that is darker above than below."""
    rows = np.linspace(40, 120, 240).astype(np.uint8)
    picture = Image.fromarray(np.repeat(rows[:, None], 240, axis=1)).convert("RGB")
    picture.paste((255, 255, 255), (160, 30, 210, 80))
    return picture


def found(*, also_upside_down: bool) -> object:
    """By a network that sees what is white."""

    def sees(crop: Image.Image) -> FloatArray:
        pixels = np.asarray(crop.convert("L"), np.float32)
        upside_down = pixels[:8].mean() > pixels[-8:].mean()
        return ((pixels > 200) & (also_upside_down or not upside_down)).astype(np.float32)

    return locate_object(white_square(), UPPER_RIGHT, np.zeros((240, 240), bool), sees)


def test_what_stands_out_either_way_up_is_the_object() -> None:
    mask = found(also_upside_down=True)

    assert isinstance(mask, np.ndarray)
    ys, xs = np.nonzero(mask)
    assert [xs.min(), ys.min(), xs.max(), ys.max()] == pytest.approx([160, 30, 209, 79], abs=3)


def test_what_stands_out_only_the_right_way_up_is_none() -> None:
    assert found(also_upside_down=False) is None
