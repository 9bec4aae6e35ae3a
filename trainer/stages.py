"""What each stage does with what the ones before it left in the run directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from trainer.development import checks, evaluate, package, snapshot
from trainer.development.evaluate import Judged
from trainer.development.evidence import Case, evidence
from trainer.development.package import Manifest, Packaged
from trainer.directory import RunDirectory, write_whole
from trainer.models import Model
from trainer.parts import Parts, answered_rows
from trainer.production import gate
from trainer.records import Reason
from trainer.research import clean, collect, experiments, explore, features, track, tune
from trainer.research.candidates import CANDIDATES, LinearCandidate, Rows
from trainer.research.clean import Cleaning
from trainer.research.collect import Examples, Target
from trainer.research.features import Encoder
from trainer.research.tune import Limits
from trainer.votes import Vote

_PROBES = 50
FORM_OF = {**{c.name: c.form for c in CANDIDATES}, experiments.VOTE: Vote.form}
"""The form of model that comes of each candidate."""
_PLAIN = LinearCandidate()
_PLAIN_ROWS = 20_000
"""The linear model that a challenger is held against learns from so many rows at most."""


@dataclass(slots=True)
class Work:
    """The run directory, and the clean process that imports while the challenger is made."""

    path: RunDirectory
    examiner: checks.Examiner | None = None

    def examining(self) -> checks.Examiner:
        """The clean process, started now if it was not."""
        if self.examiner is None:
            self.examiner = checks.Examiner()
        return self.examiner


def collect_rows(work: Work) -> str:
    """Verify the snapshot."""
    path = work.path
    snapshot.verify(path / "snapshot.parquet", path.numbers("snapshot.json"))
    rows = collect.read(path / "snapshot.parquet")
    return f"{rows.rows} labelled rows, {len(rows.features)} features"


def clean_rows(work: Work) -> str:
    """Leave out what teaches nothing, split by time, learn bounds from the rows to train on."""
    path, assignment = work.path, work.path.assignment
    given = collect.read(path / "snapshot.parquet")
    rows, removed = clean.usable(given, assignment.spec.task, assignment.seed)
    rows, odd = clean.without_odd_labels(rows, assignment.spec)
    removed = {**removed, "odd label": odd}
    embargo = snapshot.affordable(rows.timestamps, assignment.embargo)
    cut = snapshot.split(rows.timestamps, embargo)
    types = collect.types(assignment.spec, rows)
    bounds = clean.learn_bounds(rows.part(0, cut.train), types)
    rows.write(path / "clean.parquet")
    path.write("cleaning.json", Cleaning(removed, bounds))
    path.write("split.json", cut)
    left_out = ", ".join(f"{n} {why}" for why, n in removed.items() if n) or "none"
    return f"{rows.rows} rows kept; left out: {left_out}"


def explore_rows(work: Work) -> str:
    """Describe the rows to train on."""
    path, parts = work.path, Parts.of(work.path)
    found = explore.summary(parts.train, _encoder(path, parts.train), parts.target)
    path.write("explore.json", found)
    page = explore.page(found, f"What {path.assignment.model} learned from")
    write_whole(path / "explore.html", page.encode())
    best = max(found["features"].items(), key=lambda item: item[1]["signal"] or 0, default=None)
    return f"strongest alone: {best[0]}" if best else "no feature varies"


def _encoder(path: RunDirectory, rows: Examples) -> Encoder:
    spec, cleaning = path.assignment.spec, path.read("cleaning.json", Cleaning)
    return features.learn(rows, collect.types(spec, rows), cleaning.bounds, spec.features)


def learn_features(work: Work) -> str:
    """Learn the encoder from the rows to train on."""
    path = work.path
    encoder = _encoder(path, Parts.of(path).train)
    if not encoder.features:
        raise ValueError("no feature varies in the training rows: there is nothing to learn from")
    path.write("encoder.json", encoder)
    return f"{len(encoder.features)} features become {len(encoder.outputs)} columns"


def _rows(path: RunDirectory, encoder: Encoder, target: Target, part: Examples) -> Rows:
    x, y = encoder.table(part), target.encode(part)
    return Rows(x, y, tuple(encoder.levels), len(target.labels), path.assignment.seed)


def tune_candidates(work: Work) -> str:
    """Search for the experiment of least loss on the tune rows."""
    path, assignment, parts = work.path, work.path.assignment, Parts.of(work.path)
    encoder = path.read("encoder.json", Encoder)
    work.examining()
    found = tune.tune(
        _rows(path, encoder, parts.target, parts.train),
        _rows(path, encoder, parts.target, parts.tune),
        experiments.windows(parts.train.timestamps, assignment.changed_at),
        Limits(
            assignment.budget,
            assignment.trials,
            assignment.seed,
            assignment.spec.retrain.experiments,
        ),
    )
    np.save(path / "tuned.npy", found.answers)
    track.write(path, found.experiments)
    return f"{len(found.experiments)} experiments, best: {found.chosen.name}"


def evaluate_chosen(work: Work) -> str:
    """Fit the chosen experiment on train and tune rows, and measure it on the gate rows."""
    path, parts = work.path, Parts.of(work.path)
    chosen = track.chosen(path)
    _, examples = parts.learned(path, chosen)
    encoder = _encoder(path, examples)
    rows = _rows(path, encoder, parts.target, examples)
    model = _fitted(path, parts, rows)
    package.write(path / "challenger", model, encoder)
    answers = model.answer(encoder.table(parts.gate))
    if chosen.candidate != _PLAIN.name:
        plain = _PLAIN.fit(_PLAIN.defaults, rows.newest(_PLAIN_ROWS)).model
        np.save(path / "linear.npy", plain.answer(encoder.table(parts.gate)))
    judged = Judged.from_rows(parts.gate, parts.target, rows.y, answers)
    found = evaluate.evaluation(judged, _champion(path))
    path.write("evaluation.json", found)
    return ", ".join(f"{name} {value:.4g}" for name, value in found.challenger.items())


def _fitted(path: RunDirectory, parts: Parts, rows: Rows) -> Model:
    """The model of the chosen experiment; of a vote each fitted to the rows of its own window.

    `rows` are those of the longest of their windows.
    """
    candidates = {candidate.name: candidate for candidate in CANDIDATES}
    models: list[Model] = []
    for one in track.members(path):
        _, examples = parts.learned(path, one)
        models.append(
            candidates[one.candidate].fit(one.parameters, rows.newest(examples.rows)).model
        )
    return models[0] if len(models) == 1 else Vote(rows.classes, models)


def _champion(path: RunDirectory, name: str = "incumbent") -> Packaged | None:
    """The artefact of the champion that the worker left; None where there is none."""
    return package.load(path / name) if path.has(name) else None


def package_challenger(work: Work) -> str:
    """Seal the artefact, and write the rows that count as normal for the challenger."""
    path, parts, chosen = work.path, Parts.of(work.path), track.chosen(work.path)
    _, examples = parts.learned(path, chosen)
    encoder = package.read_encoder(path / "challenger")
    found = path.read("evaluation.json", evaluate.Evaluation)
    manifest = Manifest(
        task=parts.target.task,
        labels=parts.target.labels,
        form=FORM_OF[chosen.candidate],
        candidate=chosen.candidate,
        window=chosen.window,
        parameters=chosen.parameters,
        features={f.name: f.type for f in encoder.features},
        snapshot=str(path.numbers("snapshot.json")["sha256"]),
        rows=examples.rows,
        metrics=found.challenger,
    )
    digest = package.seal(path / "challenger", path / "artefact", manifest)
    answered_rows(path, parts, package.load(path / "artefact")).write(path / "reference.parquet")
    return f"artefact {digest[:12]}"


def check_artefact(work: Work) -> str:
    """Put the artefact to the test in the clean process."""
    path = work.path
    packaged = package.load(path / "artefact")
    gate_rows = Parts.of(path).gate
    probes = gate_rows.part(max(0, gate_rows.rows - _PROBES), gate_rows.rows)
    names = [feature.name for feature in packaged.encoder.features]
    rows = checks.sendable(probes, names)
    found = work.examining().examine(path / "artefact", rows)
    size = sum(file.stat().st_size for file in (path / "artefact").iterdir())
    reasons = checks.judge(found, packaged.model.answer(packaged.encoder.table(probes)), size)
    path.write("checks.json", reasons)
    return ", ".join(f"{r.check} {'passed' if r.passed else 'failed'}" for r in reasons)


def judge_challenger(work: Work) -> str:
    """Let the gate decide."""
    path, parts = work.path, Parts.of(work.path)
    packaged = package.load(path / "artefact")
    answers = packaged.model.answer(packaged.encoder.table(parts.gate))
    _, examples = parts.learned(path, track.chosen(path))
    learned = parts.target.encode(examples)
    case = Case(
        assignment=path.assignment,
        parts=parts,
        judged=Judged.from_rows(parts.gate, parts.target, learned, answers),
        learned=learned,
        challenger=packaged,
        champion=_champion(path),
        anchor=_champion(path, "anchor"),
        linear=np.load(path / "linear.npy") if path.has("linear.npy") else None,
        checks=path.read("checks.json", tuple[Reason, ...]),
        signals=_signals(path),
    )
    verdict = gate.judge(evidence(case))
    path.write("verdict.json", verdict)
    blocking = [r.check for r in verdict.reasons if r.blocks and not r.passed]
    return f"{verdict.decision} ({verdict.zone})" + (f": {', '.join(blocking)}" if blocking else "")


def _signals(path: RunDirectory) -> Mapping[str, float | None]:
    found: Mapping[str, Mapping[str, Any]] = path.numbers("explore.json")["features"]
    return {name: feature["signal"] for name, feature in found.items()}


STAGES: Mapping[str, Callable[[Work], str]] = MappingProxyType(
    {
        "collect": collect_rows,
        "clean": clean_rows,
        "explore": explore_rows,
        "features": learn_features,
        "tune": tune_candidates,
        "evaluate": evaluate_chosen,
        "package": package_challenger,
        "check": check_artefact,
        "gate": judge_challenger,
    }
)
"""In order; each gives a note of what came of it."""
