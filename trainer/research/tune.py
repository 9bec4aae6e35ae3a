"""Tunes: each candidate, on each window of history, by seeded search within a time budget."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.core.rows import microseconds
from trainer.losses import metrics, row_losses
from trainer.records import Experiment
from trainer.research.candidates import (
    Candidate,
    Parameters,
    Rows,
    load_libraries,
)
from trainer.research.collect import Matrix

_RECENT = 3000
_FEWEST = 1000
_CHANGED = 200
_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Tuning:
    """The experiments, and the answers on the tune rows, shape (rows, outputs), of the chosen."""

    experiments: Sequence[Experiment]
    answers: Matrix

    @property
    def chosen(self) -> Experiment:
        """The experiment of least loss."""
        return next(e for e in self.experiments if e.chosen)


@dataclass(frozen=True, slots=True)
class Limits:
    """When the search ends: after so many trials, else so much time.

    Every candidate gets its first trial whatever the time.
    """

    budget: timedelta
    trials: int | None = None
    seed: int = 0


@dataclass(slots=True)
class _Best:
    loss: float = np.inf
    place: int = -1
    answers: Matrix = field(default_factory=lambda: np.empty((0, 0)))


def windows(timestamps: npt.NDArray[np.int64], changed_at: datetime | None) -> dict[str, int]:
    """Where the training rows of each window begin, shortest first.

    `full` is all of history (its newest 200,000 rows), `recent` the newest third (1,000 to 3,000
    rows), `post_change` what came since a change, where that is 200 rows or more.
    """
    rows = len(timestamps)
    starts = {"full": max(0, rows - _MOST)}
    recent = min(max(rows // 3, _FEWEST), _RECENT)
    if recent < 0.8 * rows:
        starts["recent"] = rows - recent
    if changed_at is not None:
        change = int(np.searchsorted(timestamps, microseconds(changed_at)))
        if change > 0 and rows - change >= _CHANGED:
            starts["post_change"] = change
    return dict(sorted(starts.items(), key=lambda item: -item[1]))


def tune(train: Rows, held: Rows, starts: Mapping[str, int], limits: Limits) -> Tuning:
    """Search; the loss is the mean over the held rows.

    Candidates take turns, each with the settings that do well unseen on every window first, then
    with what a TPE sampler suggests (Bergstra, Bardenet, Bengio, Kegl, NeurIPS 2011).
    Raises ValueError if no window has rows of two classes.
    """
    parts = {name: _from(train, start) for name, start in starts.items()}
    parts = {name: part for name, part in parts.items() if _can_learn(part)}
    if not parts:
        raise ValueError("the training rows are all of one class")
    candidates = load_libraries()
    searches = [_Search(candidate, list(parts), limits.seed) for candidate in candidates]
    began, best = time.perf_counter(), _Best()
    tried: list[Experiment] = []
    while not _is_over(len(tried), len(searches), time.perf_counter() - began, limits):
        search = searches[len(tried) % len(searches)]
        window, parameters, token = search.ask()
        experiment, answers = _try(search.candidate, window, parameters, parts[window], held)
        loss = experiment.metrics["loss"]
        search.tell(token, loss)
        if loss < best.loss or best.place < 0:
            best.loss, best.place, best.answers = loss, len(tried), answers
        tried.append(experiment)
    tried[best.place] = replace(tried[best.place], chosen=True)
    return Tuning(tried, best.answers)


def _is_over(tried: int, candidates: int, seconds: float, limits: Limits) -> bool:
    if limits.trials is not None:
        return tried >= max(limits.trials, 1)
    return tried >= candidates and seconds >= limits.budget.total_seconds()


def _from(rows: Rows, start: int) -> Rows:
    return replace(rows, x=rows.x[start:], y=rows.y[start:])


def _can_learn(rows: Rows) -> bool:
    return not rows.classes or len(np.unique(rows.y)) > 1


def _try(
    candidate: Candidate, window: str, parameters: Parameters, rows: Rows, held: Rows
) -> tuple[Experiment, Matrix]:
    began = time.perf_counter()
    fitted = candidate.fit(parameters, rows, held)
    seconds = time.perf_counter() - began
    answers = fitted.model.answer(held.x)
    found = {"loss": float(row_losses(rows.classes, held.y, answers).mean())}
    found |= metrics(rows.classes, held.y, answers)
    name = f"{candidate.name} on {window}"
    known = {**parameters, **fitted.learned}
    return Experiment(name, candidate.name, window, known, found, round(seconds, 4)), answers


class _Search:
    """The trials of one candidate, in turn."""

    def __init__(self, candidate: Candidate, names: Sequence[str], seed: int) -> None:
        import optuna  # noqa: PLC0415  the child's library; the service never loads it

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.candidate = candidate
        self._names = list(names)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
        self._study = optuna.create_study(sampler=sampler)
        for name in self._names:
            self._study.enqueue_trial({**candidate.defaults, "window": name})

    def ask(self) -> tuple[str, Parameters, Any]:
        """The window and the parameters of the next trial, and the trial."""
        trial = self._study.ask()
        window = trial.suggest_categorical("window", self._names)
        return window, self.candidate.suggest(trial), trial

    def tell(self, trial: Any, loss: float) -> None:
        """How it did."""
        self._study.tell(trial, loss)
