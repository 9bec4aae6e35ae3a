"""Gathers for the gate how the challenger and its rivals did on rows that it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from monitor.core.rows import MICROSECOND
from trainer.development import rivals
from trainer.development.evaluate import Judged
from trainer.development.package import Packaged
from trainer.development.snapshot import Split
from trainer.parts import Parts
from trainer.production.evidence import Calibration, Evidence
from trainer.production.soundness import miscalibration
from trainer.records import Assignment, Reason
from trainer.research.collect import Examples, Matrix
from trainer.research.features import Encoder


@dataclass(frozen=True, slots=True)
class Case:
    """The challenger, who it is compared with, and what is known of them.

    `learned` are the actuals that the challenger learned from, as numbers (rows,); `linear` the
    answers of a linear model to the gate rows, None where the challenger is one.
    """

    assignment: Assignment
    parts: Parts
    judged: Judged
    learned: Matrix
    challenger: Packaged
    champion: Packaged | None
    anchor: Packaged | None
    linear: Matrix | None
    checks: tuple[Reason, ...]
    signals: Mapping[str, float | None]


def evidence(case: Case) -> Evidence:
    """All that the gate looks at."""
    judged, learned, parts = case.judged, case.learned, case.parts
    found = Evidence(
        challenger=judged.losses(judged.answers),
        constant=judged.losses(judged.same),
        plain=rivals.plain_errors(judged, judged.answers),
        times=times(parts.rows, parts.cut),
        learned=len(learned),
        embargo=(case.assignment.embargo // MICROSECOND, parts.cut.embargo),
        no_change=rivals.no_change(parts, judged),
        linear=None if case.linear is None else judged.losses(case.linear),
        confirmed=case.assignment.confirmed,
        per_class={name: int((learned == i).sum()) for i, name in enumerate(judged.target.labels)},
        reads=frozenset(feature.name for feature in case.challenger.encoder.features),
        segments=rivals.segments(judged.rows, case.assignment.spec.segment_names),
        signals=case.signals,
        checks=case.checks,
        seed=case.assignment.seed,
    )
    return _calibrated(_compared(found, case), case)


def _compared(found: Evidence, case: Case) -> Evidence:
    """With what the challenger would replace: our champion, else a version outside."""
    champion, judged = case.champion, case.judged
    if champion is None:
        live = "prediction" in judged.rows.column("origin")
        return replace(found, outside=rivals.outside(judged), live=live)
    theirs = judged.of(champion)
    first = case.anchor or champion
    return replace(
        found,
        champion=judged.losses(theirs),
        champion_plain=rivals.plain_errors(judged, theirs),
        champion_version=case.assignment.incumbent,
        champion_reads=_alive(judged.rows, champion.encoder),
        anchor=judged.losses(judged.of(first)),
        anchor_version=case.assignment.anchor or case.assignment.incumbent,
        old=rivals.old_reference(case.parts, judged, case.challenger, champion),
    )


def _calibrated(found: Evidence, case: Case) -> Evidence:
    judged, champion = case.judged, case.champion
    k, y, seed = judged.classes, judged.y, case.assignment.seed
    value, p = miscalibration(k, y, judged.answers, seed)
    if champion is not None:
        theirs: float | None = miscalibration(k, y, judged.of(champion), seed)[0]
    else:
        theirs = rivals.miscalibrated_outside(judged) if found.live else None
    return replace(found, calibration=Calibration(value, p, theirs))


def _alive(rows: Examples, encoder: Encoder) -> frozenset[str]:
    """Features that an encoder reads and that have more than one value in these rows."""
    names = [feature.name for feature in encoder.features]
    return frozenset(n for n in names if len(_texts(rows, n) - {None}) > 1)


def _texts(rows: Examples, name: str) -> set[str | None]:
    return {None if v is None else str(v) for v in rows.feature(name).to_pylist()}


def times(rows: Examples, split: Split) -> dict[str, tuple[int, int]]:
    """First and last event time (microseconds) of the train, tune and gate rows."""
    stamps = rows.timestamps
    spans = {
        "train": stamps[: split.train],
        "tune": stamps[split.tune : split.tune_end],
        "gate": stamps[split.gate :],
    }
    return {name: (int(span.min()), int(span.max())) for name, span in spans.items()}
