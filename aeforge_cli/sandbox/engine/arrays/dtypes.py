"""Types of arrays. Images are H x W x C and masks H x W, row 0 at the top; colours are sRGB as encoded (not linear)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

# float32 unless a docstring says otherwise; colours, alpha and probabilities from 0 to 1.
FloatArray: TypeAlias = npt.NDArray[np.floating]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
# Pixels from 0 to 255.
ByteArray: TypeAlias = npt.NDArray[np.uint8]
IndexArray: TypeAlias = npt.NDArray[np.int64]
