"""What a challenger must hold its own against beside the champion: simple answers, and the past."""

from dataclasses import asdict

from trainer.production.comparison import MARGIN, gain
from trainer.production.evidence import Evidence
from trainer.records import Reason

SURELY = 0.05
"""A rival blocks where the chance of not being worse than it (by the margin) is below this.

To be surely better than each of many rivals would block most of what is better than the champion:
on Elec2 such a gate kept nearly all of what retraining gains from users.
"""
_SIMPLER = 0.1
"""The margin by which a linear model must be better to be the better choice."""
_KEPT = 0.75
"""Share of the champion's gain over the constant answer that must hold on the reference."""
_CONFIRMED = 0.95


def anchor(evidence: Evidence) -> list[Reason]:
    """Not surely worse than the first champion there ever was, by the margin, on the newest rows.

    Each champion may be a little worse than the one before and pass; many such steps add up.

    Source   J. Feng, S. Emerson, N. Simon, Biometrics 77 (2021) 31 (arXiv 1912.12413).
    """
    if evidence.anchor is None:
        return []
    found = gain(evidence.anchor, evidence.challenger, evidence.seed)
    detail = (
        f"loss {evidence.challenger.mean():.4f} against {evidence.anchor.mean():.4f} of the first "
        f"champion, version {evidence.anchor_version}: not worse by {MARGIN:.0%} with probability "
        f"{found.not_worse:.2f}, {SURELY} is needed"
    )
    told = {"gain": found.mean, "probability_not_worse": found.not_worse, "rows": found.rows}
    return [Reason("anchor", found.not_worse >= SURELY, detail, told)]


def old_reference(evidence: Evidence) -> list[Reason]:
    """What held on the reference is not forgotten, unless the concept has changed.

        kept = (constant - challenger) / (constant - champion) on rows of the reference, >= .75

    Only a warning where findings tell of another concept or worse performance, or where the
    champion itself does worse on the gate rows than on these with probability .95.
    """
    old = evidence.old
    if old is None:
        return []
    skill = old.constant - old.champion
    kept = (old.constant - old.challenger) / skill if skill > 0 else 1.0
    changed = evidence.confirmed or old.drifted >= _CONFIRMED
    detail = (
        f"loss {old.challenger:.4f} against {old.champion:.4f} of the champion on {old.rows} rows "
        f"of the reference: {kept:.0%} of its gain is kept, {_KEPT:.0%} is needed"
    ) + (" unless the concept has changed, and it has" if changed else "")
    told = {**asdict(old), "kept": kept, "confirmed": evidence.confirmed}
    return [Reason("old_reference", kept >= _KEPT, detail, told, blocks=not changed)]


def beats_constant(evidence: Evidence) -> Reason:
    """Better than the best answer that reads no feature."""
    ours, theirs = float(evidence.challenger.mean()), float(evidence.constant.mean())
    detail = f"loss {ours:.4f} against {theirs:.4f} of the best answer that reads no feature"
    return Reason("beats_constant", ours < theirs, detail, {"loss": ours, "constant": theirs})


def no_change(evidence: Evidence) -> Reason:
    """Not surely more errors than repeating the last actual known when one must answer.

    A warning where how late actuals come could not be kept to: then this rival knows too much.
    """
    asked, gap = evidence.embargo
    if evidence.no_change is None:
        return Reason("no_change", True, "no earlier actual would be known in time to repeat it")
    theirs, ours = evidence.no_change
    found = gain(theirs, ours, evidence.seed)
    detail = (
        f"plain error {ours.mean():.4f} against {theirs.mean():.4f} of repeating the last actual "
        f"known {gap / 3.6e9:.3g} h before: better with probability {found.probability:.2f}, "
        f"{SURELY} is needed"
    )
    told = {"error": float(ours.mean()), "no_change": float(theirs.mean()), "rows": found.rows}
    told |= {"probability": found.probability}
    passed = found.probability >= SURELY
    return Reason("no_change", passed, detail, told, blocks=0 < asked == gap)


def linear(evidence: Evidence) -> list[Reason]:
    """Not surely worse, by a tenth of the loss, than a plain linear model of the same rows."""
    if evidence.linear is None:
        return []
    found = gain(evidence.linear, evidence.challenger, evidence.seed, _SIMPLER)
    detail = (
        f"loss {evidence.challenger.mean():.4f} against {evidence.linear.mean():.4f} of a linear "
        f"model: not worse by {_SIMPLER:.0%} with probability {found.not_worse:.2f}, {SURELY} is "
        "needed"
    )
    told = {"gain": found.mean, "probability_not_worse": found.not_worse, "rows": found.rows}
    return [Reason("linear", found.not_worse >= SURELY, detail, told)]
