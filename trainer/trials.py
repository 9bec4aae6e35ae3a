"""Follows versions on trial: looks when actuals have come, and promotes, drops or rolls back."""

import logging
import threading
import time

from monitor.core.decisions import Decision
from monitor.core.errors import WatchkeeperError
from monitor.core.ports import Clock
from monitor.core.rows import microseconds
from monitor.core.spec import Promote
from trainer.production.champion import ChampionServer, Serving
from trainer.production.fresh import FreshRows, compare
from trainer.production.installation import Installer
from trainer.production.registry import Version
from trainer.production.trial import Ending, Kind, Trial
from trainer.records import Status
from trainer.trial_records import Records

_LOG = logging.getLogger(__name__)
_SOONEST, _LATEST, _SELDOM = 0.5, 3.0, 60.0
"""Seconds between two looks for rows; seldom where a trial has been open for hours."""
_AGE, _PACE = 200.0, 20.0
"""Shares of the age of a trial, and of the time that a look takes, that pass before the next."""


class Trials:
    """Begins trials, and sees each to its end. `watch` is called by one thread."""

    def __init__(
        self,
        records: Records,
        champions: ChampionServer,
        installer: Installer,
        fresh: FreshRows,
        clock: Clock,
    ) -> None:
        self._records = records
        self._champions = champions
        self._installer = installer
        self._fresh = fresh
        self._clock = clock
        self._due: dict[str, tuple[float, float]] = {}
        self._loaded: dict[str, tuple[Serving, Serving]] = {}

    # The beginning

    def begin(self, kind: Kind, version: Version, rival: Version, *, asked: bool = False) -> Trial:
        """Put a version on trial; whatever was on trial for its model no longer is.

        A person's promotion is judged on rows after it, one of the trainer on all that came after
        both versions had learned.
        """
        registry, model = self._records.registry, version.model
        self.supersede(model, f"version {version.name} is on trial now")
        spec = self._records.specs.get(model)
        since = max(self._records.learned_until(version), self._records.learned_until(rival))
        extent = self._records.extent(model) if asked else None
        trial = Trial(
            id=f"{version.run}-{kind}-{registry.generation(model)}",
            model=model,
            kind=kind,
            version=version.name,
            rival=rival.name,
            run=version.run,
            since=max(since, microseconds(extent.end) - 1) if extent else since,
            generation=registry.generation(model),
            began_at=self._clock(),
            share=spec.retrain.canary if kind is Kind.CANARY else 0.0,
            asked=asked,
        )
        if kind is Kind.CANARY:
            self._installer.share(version, trial.share, trial.generation)
        self._records.book.save(trial)
        return trial

    def supersede(self, model: str, reason: str) -> None:
        """End what is on trial for a model, undecided: somebody else has decided."""
        for trial in self._records.book.open(model):
            self._end(trial.over(Ending.SUPERSEDED, reason, self._clock()))

    def restore(self) -> None:
        """After a start: let those on trial answer, or stand by, as they did before."""
        registry = self._records.registry
        for trial in self._records.book.open():
            post = self._champions.post(trial.model)
            if post is None or registry.generation(trial.model) != trial.generation:
                continue
            try:
                if trial.kind is Kind.CANARY:
                    version = registry.version(trial.model, trial.version)
                    self._installer.share(version, trial.share, trial.generation)
                elif trial.kind is Kind.PROBATION:
                    spare = self._champions.load(registry.version(trial.model, trial.rival))
                    self._champions.install(trial.model, post.champion, spare)
            except (ValueError, OSError, WatchkeeperError):
                _LOG.exception("trial %s goes on without its second version", trial.id)

    # The course

    def run_forever(self, stop: threading.Event) -> None:
        """Watch until told to stop; a thread of the service."""
        self.restore()
        while not stop.wait(_SOONEST):
            self.watch()

    def watch(self, *, at_once: bool = False) -> None:
        """Look at every trial that is due, or at all."""
        for trial in self._records.book.open():
            now = time.monotonic()
            due, pause = self._due.get(trial.id, (0.0, _SOONEST))
            if now < due and not at_once:
                continue
            try:
                pause = _SOONEST if self._look(trial) else min(2 * pause, self._longest(trial))
            except Exception:  # a full disk, say: said in the log, and tried again
                _LOG.exception("trial %s could not be looked at", trial.id)
            spent = time.monotonic() - now
            self._due[trial.id] = (time.monotonic() + max(pause, _PACE * spent), pause)

    def _longest(self, trial: Trial) -> float:
        """Seconds that may pass without a look."""
        age = (self._clock() - trial.began_at).total_seconds()
        return min(_SELDOM, max(_LATEST, age / _AGE))

    def _look(self, trial: Trial) -> bool:
        """Whether there was anything new."""
        if self._records.registry.generation(trial.model) != trial.generation:
            self._end(trial.over(Ending.SUPERSEDED, "the champion has changed", self._clock()))
            return True
        if trouble := self._trouble(trial):
            self._end(trial.over(Ending.FAILED, trouble, self._clock()))
            return True
        rows = self._fresh.after(trial.model, trial.since)
        if rows.rows < trial.next_look:
            return False
        version, rival = self._versions(trial)
        found = compare(rows, rival.packaged, version.packaged)
        if found is None or found.rows < trial.next_look:
            return False
        looked = trial.looked(found, self._clock())
        if looked.ending is None:
            self._records.book.save(looked)
        else:
            self._end(looked)
        return True

    def _versions(self, trial: Trial) -> tuple[Serving, Serving]:
        """The version and its rival, loaded once a trial. Raises ValueError, OSError."""
        if trial.id not in self._loaded:
            registry, model = self._records.registry, trial.model
            self._loaded[trial.id] = (
                self._champions.load(registry.version(model, trial.version)),
                self._champions.load(registry.version(model, trial.rival)),
            )
        return self._loaded[trial.id]

    def _trouble(self, trial: Trial) -> str:
        """Errors and slowness of the version as it answers."""
        post = self._champions.post(trial.model)
        if post is None or trial.kind is Kind.SHADOW:
            return ""
        there, rival = (
            (post.canary, post.champion)
            if trial.kind is Kind.CANARY
            else (post.champion, post.spare)
        )
        if there is None or rival is None or there.version != trial.version:
            return ""
        return there.health.trouble(rival.health)

    # The end

    def _end(self, trial: Trial) -> None:
        """Act on an end, then write it down: a crash in between repeats what changes nothing."""
        told = self._followed(trial)
        self._records.book.save(trial)
        self._loaded.pop(trial.id, None)
        self._due.pop(trial.id, None)
        numbers = {"trial": trial.id, "kind": str(trial.kind), "version": trial.version}
        now = self._clock()
        self._records.record(Decision(trial.model, False, f"{told}: {trial.reason}", now, numbers))
        _LOG.info("model %s: %s: %s", trial.model, told, trial.reason)

    def _followed(self, trial: Trial) -> str:
        """What an end leads to, in words."""
        name = f"version {trial.version}"
        if trial.ending is Ending.SUPERSEDED:
            return self._superseded(trial, name)
        if trial.ending is Ending.PASSED:
            return self._passed(trial, name)
        if trial.kind is Kind.PROBATION:
            rival = self._records.registry.version(trial.model, trial.rival)
            if self._records.registry.generation(trial.model) == trial.generation:
                self._installer.roll_back(trial.model, rival)
            if not trial.asked:
                self._records.settle(trial, Status.REJECTED)
            return f"{name} was rolled back to {trial.rival}"
        self._installer.alone(trial.model)
        self._records.settle(trial, Status.REJECTED)
        return f"{name} was not promoted"

    def _superseded(self, trial: Trial, name: str) -> str:
        """A crash after a promotion leaves the trial before it open: then it has passed."""
        champion = self._records.registry.champion(trial.model)
        leads = champion is not None and champion.name == trial.version
        self._installer.alone(trial.model)
        if trial.kind is not Kind.PROBATION:
            self._records.settle(trial, Status.SUCCEEDED if leads else Status.REJECTED)
        return f"{name} is no longer on trial"

    def _passed(self, trial: Trial, name: str) -> str:
        if trial.kind is Kind.PROBATION:
            self._installer.alone(trial.model)
            return f"{name} stays"
        version = self._records.registry.version(trial.model, trial.version)
        if self._records.specs.get(trial.model).retrain.promote is not Promote.AUTO:
            self._installer.alone(trial.model)
            self._records.settle(trial, Status.SUCCEEDED, "")
            return f"{name} waits to be promoted by a person"
        status = self.promoted(version, trial.generation, passed=trial)
        self._records.settle(trial, status, "")
        return f"{name} answers a share" if status is Status.ON_TRIAL else f"{name} answers now"

    def promoted(
        self,
        version: Version,
        generation: int,
        *,
        passed: Trial | None = None,
        asked: bool = False,
    ) -> Status:
        """Have a version take over, by way of a canary where the spec says so: then it is on trial.

        `passed` is the trial that has led here. Raises StalePromotionError.
        """
        registry, book = self._records.registry, self._records.book
        champion = registry.champion(version.model)
        shared = self._records.specs.get(version.model).retrain.canary
        done = asked or (passed is not None and passed.kind is Kind.CANARY)
        if champion and shared and not done:
            if passed is not None:
                book.save(passed)
            self.begin(Kind.CANARY, version, champion)
            return Status.ON_TRIAL
        promoted, before = self._installer.promote(version, generation)
        if passed is not None:
            book.save(passed)
        if before is not None and before.name != version.name:
            self.begin(Kind.PROBATION, promoted, before, asked=asked)
        return Status.SUCCEEDED
