"""The gate: rarely fooled by chance, rarely blind to a gain, and each check can say no."""

from dataclasses import replace

import numpy as np
import pytest

from trainer.production import gate
from trainer.production.gate import Evidence
from trainer.records import Outcome, Reason


def correlated(rng, rows, mean, memory=0.5):
    """Differences of loss with a mean, in which neighbours are alike."""
    noise = np.empty(rows)
    noise[0] = rng.normal()
    for i, step in enumerate(rng.normal(scale=(1 - memory**2) ** 0.5, size=rows - 1), 1):
        noise[i] = memory * noise[i - 1] + step
    return noise + mean


def share_promoted(mean, rows=400, runs=300):
    rng = np.random.default_rng(7)
    passed = [
        gate.gain(correlated(rng, rows, mean), np.zeros(rows), seed=i).probability >= gate.PROMOTE
        for i in range(runs)
    ]
    return np.mean(passed)


def test_of_equal_models_about_a_fifth_passes_by_chance():
    # P >= .8 is one-sided 20 % by design; blocks keep it near that although rows are alike.
    assert 0.12 < share_promoted(0.0) < 0.30


def test_a_better_model_passes_and_a_worse_one_does_not():
    assert share_promoted(0.2) > 0.9
    assert share_promoted(-0.2) < 0.02


def test_rows_taken_one_by_one_would_be_fooled_more_often_than_blocks():
    rng = np.random.default_rng(3)
    spreads = []
    for _ in range(50):
        found = gate.gain(correlated(rng, 400, 0.0, 0.8), np.zeros(400))
        spreads.append(found.high - found.low)
    independent = 2 * 1.645 / 400**0.5

    assert np.mean(spreads) > 1.8 * independent


def test_equal_losses_decide_nothing():
    found = gate.gain(np.ones(50), np.ones(50))
    assert (found.probability, found.mean) == (0.5, 0.0)
    assert gate.gain(np.ones(1), np.zeros(1)).probability == 1.0
    with pytest.raises(ValueError, match="needs rows"):
        gate.gain(np.empty(0), np.empty(0))


GOOD = Evidence(
    challenger=np.full(100, 0.3),
    constant=np.full(100, 0.7),
    times={"train": (0, 10), "tune": (11, 20), "gate": (21, 30)},
    learned=500,
    plain=0.1,
    no_change=0.3,
    champion=np.full(100, 0.5),
    champion_version="3",
    per_class={"0": 250, "1": 250},
    reads=frozenset({"a", "b"}),
    champion_reads=frozenset({"a"}),
    calibration_error=0.02,
    checks=(Reason("loads", True, "fine"),),
)


def failed(evidence):
    verdict = gate.judge(evidence)
    names = [r.check for r in verdict.reasons if not r.passed]
    blocked = any(r.blocks and not r.passed for r in verdict.reasons)
    assert (verdict.decision is Outcome.REJECT) == blocked
    return names


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"per_class": {"0": 499, "1": 1}}, "labels"),
        (
            {
                "learned": 10,
                "challenger": np.full(9, 0.3),
                "champion": np.full(9, 0.5),
                "constant": np.full(9, 0.7),
            },
            "labels",
        ),
        ({"times": {"train": (0, 12), "tune": (11, 20), "gate": (21, 30)}}, "time_order"),
        ({"times": {"train": (0, 10), "tune": (11, 22), "gate": (21, 30)}}, "time_order"),
        ({"constant": np.full(100, 0.2)}, "beats_constant"),
        ({"champion_reads": frozenset({"a", "c"})}, "schema"),
        ({"champion": np.full(100, 0.29)}, "better"),
        ({"checks": (Reason("loads", False, "crashed"),)}, "loads"),
    ],
)
def test_each_hard_check_blocks(change, check):
    assert failed(replace(GOOD, **change)) == [check]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"no_change": 0.05}, "no_change"),
        ({"signals": {"a": 0.999, "b": None}}, "leak"),
        ({"calibration_error": 0.2}, "calibration"),
        ({"champion": None, "outside": (np.full(50, 0.1), np.full(50, 0.3))}, "outside"),
    ],
)
def test_warnings_are_recorded_and_hold_nothing_back(change, check):
    assert failed(replace(GOOD, **change)) == [check]
    assert gate.judge(replace(GOOD, **change)).decision is Outcome.PROMOTE


def test_a_version_outside_that_answers_real_traffic_must_be_beaten():
    worse = replace(GOOD, champion=None, outside=(np.full(50, 0.1), np.full(50, 0.3)), live=True)
    better = replace(worse, outside=(np.full(50, 0.3), np.full(50, 0.1)))

    assert gate.judge(worse).decision is Outcome.REJECT
    assert gate.judge(better).decision is Outcome.PROMOTE


def test_zones_tell_how_sure_the_comparison_is():
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.2, size=100)
    base = GOOD.challenger

    zones = [
        gate.judge(replace(GOOD, champion=base + shift + noise - noise.mean())).zone
        for shift in (0.2, 0.0, -0.2)
    ]

    assert zones == ["promote", "shadow", "reject"]
    assert gate.judge(replace(GOOD, champion=None)).zone == "first"


def test_a_segment_that_gets_worse_is_named():
    worse = np.where(np.arange(500) < 250, 0.9, 0.2)
    evidence = replace(
        GOOD,
        challenger=worse,
        champion=np.full(500, 0.6),
        constant=np.full(500, 0.7),
        segments={"colour=red": np.arange(500) < 250, "colour=few": np.arange(500) < 10},
    )

    (segments,) = (r for r in gate.judge(evidence).reasons if r.check == "segments")

    assert not segments.passed
    assert "colour=red" in segments.detail
    assert set(segments.numbers) == {"colour=red"}
