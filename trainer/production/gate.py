"""The gate: may the challenger replace the champion? Pure: numbers in, a verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trainer.production.comparison import Gain, gain
from trainer.records import Outcome, Reason, Verdict
from trainer.research.collect import Matrix

PROMOTE = 0.8
"""Chance of a gain from which on the challenger is taken."""
SHADOW = 0.05
"""Chance of not being worse by the margin from which on more labels could change the verdict."""
_FEWEST_ROWS = 50
_FEWEST_OF_CLASS = 5
_SEGMENT_ROWS = 200
_CALIBRATION = 0.1
_LEAK = 0.99


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the gate looks at. Losses have shape (gate rows,), oldest first.

    `times` are the first and last event times (microseconds) of the train, tune and gate rows;
    `per_class` counts the rows learned from; `reads` are the features that the challenger reads,
    `champion_reads` those of the champion that have values in the gate rows. `plain` and
    `no_change` are mean plain losses (0/1, or squared) of the challenger and of repeating the
    last actual. `outside` are losses of an outside version beside ours on the rows it answered;
    it is `live` where it answered real traffic, and then it holds the place of a champion.
    """

    challenger: Matrix
    constant: Matrix
    times: Mapping[str, tuple[int, int]]
    learned: int
    plain: float
    no_change: float
    champion: Matrix | None = None
    champion_version: str | None = None
    outside: tuple[Matrix, Matrix] | None = None
    live: bool = False
    per_class: Mapping[str, int] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    champion_reads: frozenset[str] = frozenset()
    segments: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    calibration_error: float | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)
    checks: Sequence[Reason] = ()
    seed: int = 0


def judge(evidence: Evidence) -> Verdict:
    """Promote where every check that blocks has passed."""
    zone, better = _better(evidence)
    reasons = (
        _labels(evidence),
        _time_order(evidence),
        _beats_constant(evidence),
        _schema(evidence),
        better,
        *([] if evidence.outside is None else [_outside(evidence, evidence.outside)]),
        *evidence.checks,
        *_warnings(evidence),
    )
    passed = all(reason.passed for reason in reasons if reason.blocks)
    return Verdict(Outcome.PROMOTE if passed else Outcome.REJECT, zone, reasons)


def _better(evidence: Evidence) -> tuple[str, Reason]:
    if evidence.champion is None:
        return "first", Reason("better", True, "there is no champion to compare with")
    found = gain(evidence.champion, evidence.challenger, evidence.seed)
    passed = found.probability >= PROMOTE
    zone = "promote" if passed else "shadow" if found.not_worse >= SHADOW else "reject"
    detail = (
        f"loss {evidence.challenger.mean():.4f} against {evidence.champion.mean():.4f} of version "
        f"{evidence.champion_version} on the newest {found.rows} rows: better with probability "
        f"{found.probability:.2f}, {PROMOTE} is needed"
    )
    return zone, Reason("better", passed, detail, {**_numbers(found), "zone": zone})


def _numbers(found: Gain) -> dict[str, float]:
    return {
        "gain": found.mean,
        "probability": found.probability,
        "probability_not_worse": found.not_worse,
        "low": found.low,
        "high": found.high,
        "rows": found.rows,
        "block": found.block,
    }


def _labels(evidence: Evidence) -> Reason:
    classes = {name: n for name, n in evidence.per_class.items() if n >= _FEWEST_OF_CLASS}
    rows = evidence.learned + len(evidence.challenger)
    passed = rows >= _FEWEST_ROWS and (not evidence.per_class or len(classes) >= 2)
    detail = f"{rows} labelled rows" + (
        f", {len(classes)} classes with {_FEWEST_OF_CLASS} or more of those learned from"
        if evidence.per_class
        else ""
    )
    return Reason("labels", passed, detail, {"rows": rows, **evidence.per_class})


def _time_order(evidence: Evidence) -> Reason:
    train, tune, gate = (evidence.times[name] for name in ("train", "tune", "gate"))
    passed = train[1] <= tune[0] and tune[1] <= gate[0]
    detail = "training rows are older than tune rows, and those older than gate rows"
    numbers = {name: list(span) for name, span in evidence.times.items()}
    return Reason("time_order", passed, detail if passed else f"not so: {detail}", numbers)


def _beats_constant(evidence: Evidence) -> Reason:
    ours, theirs = float(evidence.challenger.mean()), float(evidence.constant.mean())
    detail = f"loss {ours:.4f} against {theirs:.4f} of the best answer that reads no feature"
    return Reason("beats_constant", ours < theirs, detail, {"loss": ours, "constant": theirs})


def _schema(evidence: Evidence) -> Reason:
    lost = sorted(evidence.champion_reads - evidence.reads)
    detail = (
        f"no longer reads {', '.join(lost)}, which the champion reads"
        if lost
        else f"reads {len(evidence.reads)} features, with all that a champion reads"
    )
    numbers = {"features": len(evidence.reads), "lost": lost}
    return Reason("schema", not lost and bool(evidence.reads), detail, numbers)


def _warnings(evidence: Evidence) -> list[Reason]:
    """What a person should know but what holds nothing back."""
    found = [_no_change(evidence), _leak(evidence)]
    if evidence.calibration_error is not None:
        off = evidence.calibration_error
        detail = f"scores are off the frequencies by {off:.3f}"
        numbers = {"calibration_error": off}
        found.append(Reason("calibration", off <= _CALIBRATION, detail, numbers, blocks=False))
    if evidence.champion is not None:
        found += _segments(evidence, evidence.champion)
    return found


def _outside(evidence: Evidence, outside: tuple[Matrix, Matrix]) -> Reason:
    """Against a version that others serve: it blocks where that answers real traffic.

    What a reference says that a model answered is told, and holds nothing back.
    """
    theirs, ours = outside
    found = gain(theirs, ours, evidence.seed)
    detail = (
        f"loss {ours.mean():.4f} against {theirs.mean():.4f} of the version outside on the newest "
        f"{found.rows} rows: better with probability {found.probability:.2f}, {PROMOTE} is needed"
    )
    passed = found.probability >= PROMOTE
    return Reason("outside", passed, detail, _numbers(found), blocks=evidence.live)


def _no_change(evidence: Evidence) -> Reason:
    detail = (
        f"plain loss {evidence.plain:.4f} against {evidence.no_change:.4f} of repeating the last "
        "actual, which needs labels without delay"
    )
    numbers = {"loss": evidence.plain, "no_change": evidence.no_change}
    return Reason("no_change", evidence.plain < evidence.no_change, detail, numbers, blocks=False)


def _leak(evidence: Evidence) -> Reason:
    leaks = {n: s for n, s in evidence.signals.items() if s is not None and s > _LEAK}
    detail = (
        f"{', '.join(leaks)} alone all but gives the actual away: known only afterwards?"
        if leaks
        else "no feature alone gives the actual away"
    )
    return Reason("leak", not leaks, detail, leaks, blocks=False)


def _segments(evidence: Evidence, champion: Matrix) -> list[Reason]:
    gains = {
        name: gain(champion[rows], evidence.challenger[rows], evidence.seed)
        for name, mask in evidence.segments.items()
        if len(rows := np.flatnonzero(mask)) >= _SEGMENT_ROWS
    }
    if not gains:
        return []
    level = SHADOW / len(gains)  # Bonferroni: no segment is blamed by chance
    worse = [name for name, g in gains.items() if g.probability < level]
    detail = f"worse in {', '.join(worse)}" if worse else f"not worse in {len(gains)} segments"
    numbers = {name: g.mean for name, g in gains.items()}
    return [Reason("segments", not worse, detail, numbers, blocks=False)]
