"""Tunes: each candidate, on each window of history, by seeded search within a time budget."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from trainer.losses import metrics, row_losses
from trainer.records import Experiment
from trainer.research.candidates import (
    Candidate,
    Parameters,
    Rows,
    load_libraries,
)
from trainer.research.collect import Matrix
from trainer.research.experiments import VOTE, chosen_windows, is_voted


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
    """When the search ends: after so many trials, else so much time; and what is tried in it.

    Every candidate gets its first trial whatever the time. `wanted` names experiments; none is all.
    """

    budget: timedelta
    trials: int | None = None
    seed: int = 0
    wanted: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Best:
    """The best experiment of a candidate: its place among all, and its answers."""

    loss: float
    place: int
    answers: Matrix


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
    searches = _searches(parts, limits)
    began, best = time.perf_counter(), dict[str, _Best]()
    tried: list[Experiment] = []
    while not _is_over(len(tried), len(searches), time.perf_counter() - began, limits):
        search = searches[len(tried) % len(searches)]
        window, parameters, token = search.ask()
        experiment, answers = _try(search.candidate, window, parameters, parts[window], held)
        loss = experiment.metrics["loss"]
        search.tell(token, loss)
        known = best.get(experiment.candidate)
        if known is None or loss < known.loss:
            best[experiment.candidate] = _Best(loss, len(tried), answers)
        tried.append(experiment)
    if is_voted(limits.wanted) and len(best) > 1:
        experiment, answers = _voted(tried, best, held, starts)
        best[VOTE] = _Best(experiment.metrics["loss"], len(tried), answers)
        tried.append(experiment)
    found = min(best.values(), key=lambda b: b.loss if b.loss == b.loss else np.inf)
    tried[found.place] = replace(tried[found.place], chosen=True)
    return Tuning(tried, found.answers)


def _searches(parts: Mapping[str, Rows], limits: Limits) -> "list[_Search]":
    """One for each candidate that is to be tried. Raises ValueError if there is none."""
    found = [
        _Search(candidate, names, limits.seed)
        for candidate in load_libraries()
        if (names := chosen_windows(candidate.name, parts, limits.wanted))
    ]
    if not found:
        raise ValueError(
            f"none of the experiments {', '.join(limits.wanted)} can be tried on these rows"
        )
    return found


def _voted(
    tried: Sequence[Experiment], best: Mapping[str, _Best], held: Rows, starts: Mapping[str, int]
) -> tuple[Experiment, Matrix]:
    """The soft vote of the best two candidates; it learns from the longer of their windows."""
    first, second = sorted(best.values(), key=lambda b: b.loss)[:2]
    of = [tried[first.place], tried[second.place]]
    answers = np.asarray((first.answers + second.answers) / 2)
    window = min((e.window for e in of), key=lambda name: starts[name])
    parameters = {"of": [e.name for e in of], "experiments": [first.place, second.place]}
    name = f"{VOTE} of {of[0].candidate} and {of[1].candidate} on {window}"
    return Experiment(name, VOTE, window, parameters, _measured(held, answers), 0.0), answers


def _measured(held: Rows, answers: Matrix) -> dict[str, float]:
    loss = float(row_losses(held.classes, held.y, answers).mean())
    return {"loss": loss, **metrics(held.classes, held.y, answers)}


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
    name = f"{candidate.name} on {window}"
    known = {**parameters, **fitted.learned}
    return Experiment(
        name, candidate.name, window, known, _measured(held, answers), round(seconds, 4)
    ), answers


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
