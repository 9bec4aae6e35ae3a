"""Installs versions: who answers, who stands by, and how a champion gives way again."""

import threading
from pathlib import Path

from monitor.core.errors import StalePromotionError
from monitor.core.ports import Clock, ReferenceBook
from trainer.production.champion import ChampionServer, Serving
from trainer.production.registry import Registry, Version


class Installer:
    """The one way from a version to answers; one thread at a time."""

    def __init__(
        self,
        data_dir: Path,
        registry: Registry,
        champions: ChampionServer,
        references: ReferenceBook,
        clock: Clock,
    ) -> None:
        self._data_dir = data_dir
        self._registry = registry
        self._champions = champions
        self._references = references
        self._clock = clock
        self._alone = threading.Lock()

    def promote(self, version: Version, generation: int) -> tuple[Version, Version | None]:
        """Load, adopt the reference, promote, answer: no row of a version lacks its reference.

        The answer is the new champion and the one before, which stands by. Raises
        StalePromotionError, and then nothing has changed.
        """
        with self._alone:
            serving = self._champions.load(version)
            before = self._expected(version.model, generation)
            self._adopt(version)
            promoted = self._registry.promote(
                version.model, version.name, generation, self._clock()
            )
            spare = self._spare(version.model, before)
            self._champions.install(version.model, serving, spare)
        return promoted, before

    def share(self, version: Version, share: float, generation: int) -> None:
        """Let a version answer a share of the rows beside the champion."""
        with self._alone:
            canary = self._champions.load(version)
            champion = self._expected(version.model, generation)
            self._adopt(version)
            serving = self._spare(version.model, champion)
            if serving is None:
                raise StalePromotionError(version.model)
            self._champions.install(version.model, serving, canary=canary, share=share)

    def alone(self, model: str) -> None:
        """Let the champion answer alone again."""
        with self._alone:
            post = self._champions.post(model)
            if post is not None and (post.spare or post.canary):
                self._champions.install(model, post.champion)

    def roll_back(self, model: str, to: Version | None = None) -> Version:
        """Make an earlier champion the champion again: the last that loads, or the one named.

        Raises NoChampionError, NothingToRollBackToError, StalePromotionError.
        """
        with self._alone:
            generation = self._registry.generation(model)
            earlier = self._registry.earlier(model) if to is None else [to]
            serving = self._champions.last_that_loads(earlier)
            now = self._clock()
            version = self._registry.roll_back(model, serving.version, generation, now)
            self._champions.install(model, serving)
        return version

    def _expected(self, model: str, generation: int) -> Version | None:
        if self._registry.generation(model) != generation:
            raise StalePromotionError(model)
        return self._registry.champion(model)

    def _adopt(self, version: Version) -> None:
        reference = self._data_dir / "runs" / version.run / "reference.parquet"
        self._references.adopt(version.model, version.name, reference)

    def _spare(self, model: str, before: Version | None) -> Serving | None:
        """What answers now, if it is the champion: it stands by."""
        post = self._champions.post(model)
        if post is None or before is None or post.champion.version != before.name:
            return None
        return post.champion
