"""Tracks: every experiment with its parameters and metrics, so that a run can be gone over."""

from collections.abc import Sequence

from trainer.directory import RunDirectory
from trainer.records import Experiment

FILE = "experiments.json"


def write(directory: RunDirectory, experiments: Sequence[Experiment]) -> None:
    """Keep all experiments of a run, in the order tried."""
    directory.write(FILE, experiments)


def read(directory: RunDirectory) -> tuple[Experiment, ...]:
    """What `write` wrote; nothing before that."""
    if not directory.has(FILE):
        return ()
    return directory.read(FILE, tuple[Experiment, ...])


def chosen(directory: RunDirectory) -> Experiment:
    """The experiment whose model goes to the gate."""
    return next(e for e in read(directory) if e.chosen)


def members(directory: RunDirectory) -> list[Experiment]:
    """The experiments whose models answer together in the chosen one: itself, unless it is a vote.

    A vote names the places of its experiments among all that were tried.
    """
    tried = read(directory)
    found = chosen(directory)
    places = found.parameters.get("experiments")
    return [tried[int(place)] for place in places] if isinstance(places, list) else [found]
