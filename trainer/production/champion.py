"""Answers with the champion of each model, and swaps it without a pause."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import NoChampionError, NothingToRollBackToError
from monitor.core.ports import Answer, SpecBook, Training
from trainer.development import package
from trainer.development.package import Packaged
from trainer.production.registry import Registry, Version


@dataclass(frozen=True, slots=True)
class Serving:
    """A version with its model, loaded and warmed; never changed, only replaced."""

    version: str
    packaged: Packaged

    def answer(self, features: Sequence[Mapping[str, object]]) -> list[Answer]:
        """One answer a row, in order."""
        if not features:
            return []
        worded = self.packaged.worded(self.packaged.answers(features))
        return [Answer(prediction, score, self.version) for prediction, score in worded]


class ChampionServer:
    """Keeps Champion. Readers take one reference; a failed load leaves the last good one."""

    def __init__(self, data_dir: Path, registry: Registry, specs: SpecBook) -> None:
        self._data_dir = data_dir
        self._registry = registry
        self._specs = specs
        self._serving: dict[str, Serving] = {}
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

    def install(self, model: str, serving: Serving) -> None:
        """From now on this one answers; who is being answered is not disturbed."""
        with self._guard:
            self._serving = {**self._serving, model: serving}

    def answer(self, model: str, features: Sequence[Mapping[str, object]]) -> Sequence[Answer]:
        """One answer a row, in order. Raises NoChampionError."""
        serving = self._serving.get(model)
        if serving is None:
            self._specs.get(model)
            raise NoChampionError(model)
        return serving.answer(features)

    def training(self, model: str) -> Training:
        """The past of a model's retraining."""
        self._specs.get(model)
        return self._registry.training(model)
