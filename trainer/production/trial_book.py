"""Keeps trials beside the runs and versions of the registry."""

from collections.abc import Mapping, Sequence

import msgspec

from trainer.production.registry_file import RegistryFile
from trainer.production.trial import Trial


class TrialBook:
    """Trials in the registry's file; any thread may call."""

    def __init__(self, file: RegistryFile) -> None:
        self._file = file

    def save(self, trial: Trial) -> None:
        """Add a trial, or replace what is known about it."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO trial (id, model, open, content) VALUES (?, ?, ?, ?) ON CONFLICT (id) "
                "DO UPDATE SET open = excluded.open, content = excluded.content",
                (trial.id, trial.model, trial.ending is None, msgspec.json.encode(trial)),
            )

    def open(self, model: str | None = None) -> Sequence[Trial]:
        """Trials that are not over, oldest first; of all models where none is named."""
        found = self._file.read(
            "SELECT content FROM trial WHERE open AND coalesce(model = ?, true) ORDER BY number",
            model,
        )
        return [msgspec.json.decode(content, type=Trial) for (content,) in found]

    def of_model(self, model: str) -> Mapping[str, Sequence[Trial]]:
        """The trials of a model by the run that each came from, oldest first."""
        found = self._file.read("SELECT content FROM trial WHERE model = ? ORDER BY number", model)
        trials: dict[str, list[Trial]] = {}
        for (content,) in found:
            trial = msgspec.json.decode(content, type=Trial)
            trials.setdefault(trial.run, []).append(trial)
        return trials
