"""Where a person looks first: U-2-Net-p (Qin et al. 2020), run by onnxruntime."""

from __future__ import annotations

import threading
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

INPUT_SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_loading = threading.Lock()


def foreground_probability(picture: Image.Image) -> FloatArray:
    """How likely each point of an RGB picture belongs to what stands out: 320 x 320, float32, 0 to 1."""
    return _run_network(_input_tensor(picture))


def augmented_foreground_probability(
    picture: Image.Image, network: Callable[[FloatArray], FloatArray] | None = None
) -> tuple[FloatArray, float]:
    """`foreground_probability` averaged over four looks: as it is, mirrored, upside down, and both.

    In one look the network often leaves half of a thing unsure, in another none: the surer look counts for more.

    Returns:
        The probability, and the looks' agreement: what all see as a share of what any sees; 1 where none sees anything.
    """
    answer, planes = network or _run_network, _input_tensor(picture)
    views = [answer(planes[:, :, ::down, ::across])[::down, ::across] for down in (1, -1) for across in (1, -1)]
    surest = np.exp([-5 * min(uncertainty(view, 0.1), 10.0) for view in views])
    seen = np.stack(views) > 0.5
    agreement = float(seen.all(axis=0).sum() / seen.any(axis=0).sum()) if seen.any() else 1.0
    return np.tensordot(surest / surest.sum(), views, 1).astype(np.float32), agreement


def uncertainty(probability: FloatArray, margin: float) -> float:
    """Of a probability H x W: the area farther than `margin` from both 0 and 1, as a share of the foreground's."""
    return float(((probability > margin) & (probability < 1 - margin)).sum() / max(int((probability > 0.5).sum()), 1))


def _input_tensor(picture: Image.Image) -> FloatArray:
    small = np.asarray(picture.convert("RGB").resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.LANCZOS), np.float32)
    scaled = small / max(float(small.max()), 1.0)
    planes: FloatArray = ((scaled - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
    return planes


def _run_network(planes: FloatArray) -> FloatArray:
    with _loading:
        session = _session()
    answer: list[FloatArray] = session.run(["1959"], {"input.1": np.ascontiguousarray(planes)})
    probability: FloatArray = answer[0][0, 0]
    return probability


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # A planned layout of the intermediates takes 200 MB more and is no faster.
    options.enable_mem_pattern = False
    options.intra_op_num_threads = 2
    # Threads that wait busily take the processor from whoever else is working.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    weights = files("aeforge_cli.sandbox.engine").joinpath("weights/u2netp_int8.onnx").read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
