"""What trials are kept in and read from, and what they leave in the runs that led to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.decisions import Decision
from monitor.core.ports import SpecBook
from monitor.core.rows import microseconds
from monitor.core.windows import Window
from trainer.production.registry import Registry, Version
from trainer.production.trial import Trial
from trainer.production.trial_book import TrialBook
from trainer.records import Status


@dataclass(frozen=True, slots=True)
class Records:
    """What trials are kept in and read from."""

    registry: Registry
    book: TrialBook
    specs: SpecBook
    extent: Callable[[str], Window | None]
    """The event times of a model's rows; None without rows."""
    record: Callable[[Decision], None]

    def learned_until(self, version: Version) -> int:
        """The event time of the newest row that a version was made with, microseconds."""
        newest = self.registry.run(version.model, version.run).record.snapshot.get("to")
        return microseconds(datetime.fromisoformat(str(newest))) if newest else 0

    def settle(self, trial: Trial, status: Status, problem: str | None = None) -> None:
        """Say in the run that led to a trial how that ended."""
        registry = self.registry
        run = registry.run(trial.model, trial.run)
        said = trial.reason if problem is None else problem
        registry.save_run(replace(run, status=status, error=said or None))
