"""Choose the agreements that the object search asks for, leaving out one source of photographs at a time. By hand:

    .venv/bin/python tests/benchmarks/editing/thresholds.py FOLDER [--keep FILE]

FOLDER has the wheels that `run.py` names. What the network sees of each composite is gathered once, and kept in FILE.
Then, for each wheel, the thresholds that do best on all other wheels are scored on its photographs. Those do best that
remove most objects rightly, of those that remove something else, too much or too little in at most one of ten cases.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize_mask
from aeforge_cli.sandbox.engine.edits import RemoveObject
from aeforge_cli.sandbox.engine.prompts import parse
from aeforge_cli.sandbox.engine.removal import localisation, object_removal
from tests.benchmarks.editing import composites

if TYPE_CHECKING:
    from collections.abc import Iterator

Thresholds: TypeAlias = tuple[float, ...]

# The least of three agreements, and the middle one.
CANDIDATES: list[Thresholds] = list(itertools.product((0.0, 0.3, 0.5, 0.6, 0.7, 0.8), (0.7, 0.8, 0.9)))
MOST_BAD = 0.1
MANY = 99


@dataclass(frozen=True)
class Proposal:
    agreement: Thresholds
    verdict: str
    # Clear, and no part of anything larger.
    eligible: bool
    size: float


@dataclass(frozen=True)
class Case:
    name: str
    wheel: str
    # First what the wide windows show, then what the narrow ones do.
    stages: list[list[Proposal]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("wheels", type=Path)
    arguments.add_argument("--keep", type=Path)
    chosen = arguments.parse_args()
    cases = list(gathered(chosen.wheels, chosen.keep))
    total: Counter[str] = Counter()
    for wheel in sorted({case.wheel for case in cases}):
        others = [case for case in cases if case.wheel != wheel]
        best = max(CANDIDATES, key=lambda thresholds: _merit(score(others, thresholds)))
        result = score([case for case in cases if case.wheel == wheel], best)
        total += result
        print(f"{wheel:24} chosen without it: {best}   {dict(result)}")
    print("each scored with thresholds chosen without it:", dict(total), "of", total.total())
    own = localisation.LEAST_AGREEMENT, localisation.MIDDLE_AGREEMENT
    print("the engine's own", own, dict(score(cases, own)))


def score(cases: list[Case], thresholds: Thresholds) -> Counter[str]:
    return Counter(_answer(case, thresholds) for case in cases)


def gathered(wheels: Path, keep: Path | None) -> Iterator[Case]:
    known = json.loads(keep.read_text()) if keep and keep.exists() else {}
    for part in get_args(composites.Part):
        for composite in composites.corners(part, wheels):
            if composite.name not in known:
                known[composite.name] = asdict(_looked_at(composite, composites.wheel_of(part, composite)))
                if keep:
                    keep.write_text(json.dumps(known))
            yield _read(known[composite.name])


def _looked_at(composite: composites.Composite, wheel: str) -> Case:
    (edit,) = parse(f"remove the object in the {composite.corner} corner")
    assert isinstance(edit, RemoveObject)
    small = downscale(composite.picture, object_removal.SEARCHED_SIDE)
    truth = resize_mask(np.asarray(composite.alpha) > 127, small.size)
    whole = object_removal.salient_map(small)
    looks = localisation.Looks.at_place(small, edit.place, whole)
    looks.left = MANY
    stages = []
    for proposals, around in zip(localisation.propose(looks, edit.place, whole), localisation.AROUND, strict=True):
        evidence = [localisation.examine(looks, proposal, 0.0) for proposal in proposals[:2]]
        stages.append(
            [
                Proposal(
                    e.agreement,
                    composites.verdict(object_removal.with_soft_edge(e.outline), truth),
                    e.is_clear(edit.place) and not localisation.is_part(e.outline, whole > 0.5, around),
                    float(e.outline.mean()),
                )
                for e in evidence
                if e is not None
            ]
        )
    return Case(composite.name, wheel, stages)


def _answer(case: Case, thresholds: Thresholds) -> str:
    for stage in case.stages:
        found = [p for p in stage if p.eligible and all(np.sort(p.agreement)[:2] >= thresholds)]
        if found:
            rivals = [p for p in found[1:] if p.size > localisation.RIVAL * found[0].size]
            return "refused" if rivals else found[0].verdict
    return "refused"


def _merit(result: Counter[str]) -> tuple[bool, int, int]:
    bad = result["wrong"] + result["partial"]
    return bad <= MOST_BAD * result.total(), result["hit"] - bad, -bad


def _read(case: dict[str, object]) -> Case:
    stages = case["stages"]
    assert isinstance(stages, list)
    return Case(
        str(case["name"]),
        str(case["wheel"]),
        [[Proposal(**{**p, "agreement": tuple(p["agreement"])}) for p in stage] for stage in stages],
    )


if __name__ == "__main__":
    main()
