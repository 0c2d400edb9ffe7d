"""Telling subject from background by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from aeforge_cli.sandbox.engine.matting.bayesian import BayesianEstimate, bayesian_alpha
from aeforge_cli.sandbox.engine.matting.mattes import refine_alpha
from aeforge_cli.sandbox.engine.matting.trimap import Trimap

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

PURPLE, GREEN = np.array((0.6, 0.3, 0.7), np.float32), np.array((0.4, 0.6, 0.3), np.float32)
SIDE = 96


def halves(left: FloatArray, right: FloatArray, between: FloatArray, noise: float = 0.02) -> FloatArray:
    """Subject on the left, background on the right, and an undecided column of one colour."""
    picture = np.where((np.arange(SIDE) < SIDE // 2)[None, :, None], left, right) + np.zeros((SIDE, SIDE, 1))
    picture[:, 44:52] = between
    return (picture + np.random.default_rng(1).normal(0, noise, picture.shape)).astype(np.float32)


def undecided() -> BoolArray:
    columns = np.arange(SIDE)
    return np.broadcast_to((columns >= 44) & (columns < 52), (SIDE, SIDE)).copy()


def asked(picture: FloatArray, believed: float = 0.5) -> BayesianEstimate:
    where = undecided()
    columns = np.broadcast_to(np.arange(SIDE), (SIDE, SIDE))
    likely = np.where(where, believed, columns < SIDE // 2).astype(np.float32)
    return bayesian_alpha(picture, likely, Trimap(columns < 44, columns >= 52, where), columns < 44)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_mixture_of_two_colours_is_told_apart(share: float) -> None:
    told = asked(halves(PURPLE, GREEN, share * PURPLE + (1 - share) * GREEN))

    assert told.alpha.mean() == pytest.approx(share, abs=0.06)
    assert told.separability.mean() > 0.8


def test_where_both_sides_have_the_same_colours_the_belief_stands() -> None:
    told = asked(halves(PURPLE, PURPLE, PURPLE, noise=0.1), believed=0.8)

    assert told.separability.mean() < 0.05
    assert told.alpha.mean() == pytest.approx(0.8, abs=0.05)


def test_a_colour_that_neither_side_has_is_not_explained() -> None:
    known, strange = (asked(halves(PURPLE, GREEN, colour)) for colour in (GREEN, np.array((1, 1, 0), np.float32)))

    assert known.misfit.mean() < 5
    assert strange.misfit.mean() > 50


def test_a_gap_that_the_network_overlooked_is_opened_and_a_strange_spot_is_not() -> None:
    picture = halves(PURPLE, GREEN, PURPLE)
    gap, spot = np.s_[20:30, 42:45], np.s_[60:70, 42:45]
    picture[gap], picture[spot] = GREEN, (0.9, 0.9, 0.1)
    likely = np.broadcast_to(np.arange(SIDE) < 52, (SIDE, SIDE)).astype(np.float32)

    alpha = refine_alpha(picture, likely, 40)

    assert alpha[gap].mean() < 0.3
    assert alpha[spot].mean() > 0.95


def test_a_colour_that_the_subject_has_elsewhere_is_no_gap() -> None:
    picture = halves(PURPLE, GREEN, PURPLE)
    spot = np.s_[20:30, 42:45]
    picture[spot] = picture[:, 2:24] = GREEN
    likely = np.broadcast_to(np.arange(SIDE) < 52, (SIDE, SIDE)).astype(np.float32)

    assert refine_alpha(picture, likely, 40)[spot].mean() > 0.9


def test_where_the_network_overlooked_many_gaps_a_half_seen_one_is_believed_more() -> None:
    """Between hairs; on a solid subject the same colour is its own."""
    random, shares = np.random.default_rng(2), []
    for overlooked in (False, True):
        picture = halves(PURPLE, GREEN, PURPLE, noise=0.1)
        if overlooked:
            picture[::2, 44:52] = GREEN + random.normal(0, 0.1, (SIDE // 2, 8, 3))
        picture[40:50, 44:52] = 0.35 * PURPLE + 0.65 * GREEN + random.normal(0, 0.1, (10, 8, 3))
        share = np.zeros((SIDE, SIDE))
        share[undecided()] = asked(picture, believed=1).alpha
        shares.append(share[40:50].sum() / undecided()[40:50].sum())

    assert shares[1] < shares[0] - 0.2
