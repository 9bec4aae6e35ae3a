"""The gate: may the challenger replace the champion? Pure: numbers in, a verdict out."""

from trainer.production.comparison import Gain, gain
from trainer.production.evidence import Evidence, Pair
from trainer.production.groups import fairness, segments
from trainer.production.rivals import anchor, beats_constant, linear, no_change, old_reference
from trainer.production.soundness import calibration, leak
from trainer.records import Outcome, Reason, Verdict

PROMOTE = 0.8
"""Chance of a gain from which on the challenger is taken."""
SHADOW = 0.05
"""Chance of not being worse by the margin from which on more labels could change the verdict."""
_FEWEST_ROWS = 50
_FEWEST_OF_CLASS = 5


def judge(evidence: Evidence) -> Verdict:
    """Promote where every check that blocks has passed.

    Where only `better` has not, and is not sure, the verdict is left to the actuals to come.
    """
    zone, better = _better(evidence)
    reasons = (
        _labels(evidence),
        _time_order(evidence),
        _schema(evidence),
        better,
        *([] if evidence.outside is None else [_outside(evidence, evidence.outside)]),
        *anchor(evidence),
        *old_reference(evidence),
        *segments(evidence),
        *fairness(evidence),
        *calibration(evidence),
        beats_constant(evidence),
        no_change(evidence),
        *linear(evidence),
        leak(evidence),
        *evidence.checks,
    )
    failed = [reason.check for reason in reasons if reason.blocks and not reason.passed]
    if failed == ["better"] and zone == "shadow":
        return Verdict(Outcome.SHADOW, zone, reasons)
    return Verdict(Outcome.REJECT if failed else Outcome.PROMOTE, zone, reasons)


def _better(evidence: Evidence) -> tuple[str, Reason]:
    if evidence.champion is None:
        zone = "first"
        if evidence.outside is not None and evidence.live:
            zone = _zone(gain(*evidence.outside, evidence.seed))
        return zone, Reason("better", True, "there is no champion to compare with")
    found = gain(evidence.champion, evidence.challenger, evidence.seed)
    zone = _zone(found)
    detail = (
        f"loss {evidence.challenger.mean():.4f} against {evidence.champion.mean():.4f} of version "
        f"{evidence.champion_version} on the newest {found.rows} rows: better with probability "
        f"{found.probability:.2f}, {PROMOTE} is needed"
    )
    return zone, Reason("better", zone == "promote", detail, {**numbers(found), "zone": zone})


def _zone(found: Gain) -> str:
    if found.probability >= PROMOTE:
        return "promote"
    return "shadow" if found.not_worse >= SHADOW else "reject"


def numbers(found: Gain) -> dict[str, float]:
    """A comparison as the numbers of a reason."""
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
    """Train before tune before gate, with the embargo between them."""
    train, tune, gate = (evidence.times[name] for name in ("train", "tune", "gate"))
    asked, gap = evidence.embargo
    passed = tune[0] - train[1] >= gap and gate[0] - tune[1] >= gap
    detail = "training rows are older than tune rows, and those older than gate rows"
    if asked:
        detail += f", with {gap / 3.6e9:.3g} h between them for the delay of actuals"
        detail += f" ({asked / 3.6e9:.3g} h would leave too few)" if gap < asked else ""
    found: dict[str, object] = {name: list(span) for name, span in evidence.times.items()}
    found |= {"embargo_seconds": gap / 1e6, "asked_seconds": asked / 1e6}
    return Reason("time_order", passed, detail if passed else f"not so: {detail}", found)


def _schema(evidence: Evidence) -> Reason:
    lost = sorted(evidence.champion_reads - evidence.reads)
    detail = (
        f"no longer reads {', '.join(lost)}, which the champion reads"
        if lost
        else f"reads {len(evidence.reads)} features, with all that a champion reads"
    )
    found = {"features": len(evidence.reads), "lost": lost}
    return Reason("schema", not lost and bool(evidence.reads), detail, found)


def _outside(evidence: Evidence, outside: Pair) -> Reason:
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
    return Reason("outside", passed, detail, numbers(found), blocks=evidence.live)
