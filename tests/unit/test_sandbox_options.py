"""Faults that cannot be are refused when they are asked for; chance repeats with its seed."""

import pytest

from aeforge_cli.sandbox import InjectedFaults
from aeforge_cli.sandbox.http.fault_injection import SeededRandom


@pytest.mark.parametrize(
    "wrong",
    [
        {"fail_jobs": 1.1},
        {"drop": -0.1},
        {"lose_answer": 2.0},
        {"status": ((503, 0.6), (500, 0.6))},
        {"status": ((200, 0.1),)},
        {"drop": float("nan")},
        {"delay": -1.0},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"latency": -1.0},
        {"retry_after": -1},
    ],
    ids=str,
)
def test_faults_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=" between "):
        InjectedFaults(**wrong)  # type: ignore[arg-type]


def test_chance_repeats_with_its_seed_whatever_else_happens_meanwhile() -> None:
    alone, beside = SeededRandom(7), SeededRandom(7)

    expected = [alone.draw("fail") for _ in range(5)]
    drawn = [(beside.draw("drop"), beside.draw("fail"))[1] for _ in range(5)]

    assert drawn == expected


def test_chance_without_a_seed_differs() -> None:
    assert SeededRandom(None).draw("fail") != SeededRandom(None).draw("fail")
