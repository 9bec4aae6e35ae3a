"""Answers with the champion of each model, and swaps it without a pause."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor.core.errors import NoChampionError, NothingToRollBackToError
from monitor.core.ports import Answer, SpecBook, Training
from trainer.development import package
from trainer.development.package import Packaged
from trainer.production.health import Health
from trainer.production.registry import Registry, Version

_LOG = logging.getLogger(__name__)
_WHOLE = 1 << 32
_GOLDEN = 2_654_435_769
"""2^32 divided by the golden ratio: its multiples are spread evenly (Knuth, TAOCP 3, 6.4)."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A version with its model, loaded and warmed; never changed, only replaced."""

    version: str
    packaged: Packaged
    health: Health = field(default_factory=Health, compare=False)

    def answer(self, features: Sequence[Mapping[str, object]]) -> list[Answer]:
        """One answer a row, in order."""
        if not features:
            return []
        worded = self.packaged.worded(self.packaged.answers(features))
        return [Answer(prediction, score, self.version) for prediction, score in worded]


@dataclass(frozen=True, slots=True)
class Post:
    """Who answers for a model: the champion, and perhaps one on trial.

    `spare` answers what the champion cannot; `canary` answers a `share` of the rows.
    """

    champion: Serving
    spare: Serving | None = None
    canary: Serving | None = None
    share: float = 0.0


class ChampionServer:
    """Keeps Champion. Readers take one reference; a failed load leaves the last good one."""

    def __init__(self, data_dir: Path, registry: Registry, specs: SpecBook) -> None:
        self._data_dir = data_dir
        self._registry = registry
        self._specs = specs
        self._posts: dict[str, Post] = {}
        self._rows = 0
        self._guard = threading.Lock()

    def restore(self) -> Mapping[str, str]:
        """Load the champion of every model; the answer says what is wrong with any, by model.

        Where a champion does not load, the last earlier one that does answers, under its own name.
        """
        problems = {}
        for model in self._registry.models():
            champion = self._registry.champion(model)
            if champion is not None and (problem := self._restore(champion)):
                problems[model] = problem
        return problems

    def _restore(self, champion: Version) -> str:
        try:
            self.install(champion.model, self.load(champion))
        except (ValueError, OSError) as error:
            problem = f"version {champion.name} does not load: {error}"
        else:
            return ""
        try:
            earlier = self.last_that_loads(self._registry.earlier(champion.model))
        except NothingToRollBackToError:
            return problem
        self.install(champion.model, earlier)
        return f"{problem}; version {earlier.version} answers"

    def load(self, version: Version) -> Serving:
        """Load a version and warm it, off the way of those who ask.

        Raises ValueError or OSError if its files are not those that were packaged.
        """
        packaged = package.load(self._data_dir / version.artefact, version.hash)
        serving = Serving(version.name, packaged)
        for _ in range(3):
            serving.answer([{}])
        return serving

    def last_that_loads(self, versions: Sequence[Version]) -> Serving:
        """The first of some versions that loads. Raises NothingToRollBackToError."""
        for version in versions:
            try:
                return self.load(version)
            except (ValueError, OSError):
                continue
        raise NothingToRollBackToError(versions[0].model)

    def post(self, model: str) -> Post | None:
        """Who answers for a model now; None before the first champion."""
        return self._posts.get(model)

    def install(
        self,
        model: str,
        serving: Serving,
        spare: Serving | None = None,
        canary: Serving | None = None,
        share: float = 0.0,
    ) -> None:
        """From now on these answer; who is being answered is not disturbed."""
        with self._guard:
            self._posts = {**self._posts, model: Post(serving, spare, canary, share)}

    def answer(self, model: str, features: Sequence[Mapping[str, object]]) -> Sequence[Answer]:
        """One answer a row, in order. Raises NoChampionError."""
        post = self._posts.get(model)
        if post is None:
            self._specs.get(model)
            raise NoChampionError(model)
        if post.canary is None:
            return _answered(post.champion, post.spare, features)
        return self._shared(post, post.canary, features)

    def _shared(
        self, post: Post, canary: Serving, features: Sequence[Mapping[str, object]]
    ) -> Sequence[Answer]:
        """The canary answers its share of the rows, evenly spread over them."""
        with self._guard:
            first, self._rows = self._rows, self._rows + len(features)
        limit = post.share * _WHOLE
        theirs = [(first + i) * _GOLDEN % _WHOLE < limit for i in range(len(features))]
        said = {
            mine: iter(
                _answered(
                    canary if mine else post.champion,
                    post.champion if mine else post.spare,
                    [f for f, its in zip(features, theirs, strict=True) if its is mine],
                )
            )
            for mine in (True, False)
        }
        return [next(said[mine]) for mine in theirs]

    def training(self, model: str) -> Training:
        """The past of a model's retraining."""
        self._specs.get(model)
        return self._registry.training(model)


def _answered(
    serving: Serving, spare: Serving | None, features: Sequence[Mapping[str, object]]
) -> list[Answer]:
    """Answers, from the spare where the version itself breaks; nobody must wait for the repair."""
    began = time.perf_counter()
    try:
        given = serving.answer(features)
    except Exception as error:  # a model may break in its library's own ways
        serving.health.badly(len(features), f"{type(error).__name__}: {error}")
        if spare is None:
            raise
        _LOG.exception("version %s could not answer; %s did", serving.version, spare.version)
        return spare.answer(features)
    serving.health.well(len(features), time.perf_counter() - began)
    return given
