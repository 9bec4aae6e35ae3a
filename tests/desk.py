"""A champion, its desk and the queue of requests, kept in lists."""

from dataclasses import dataclass, field

from monitor.core.errors import (
    NoChampionError,
    NothingToRollBackToError,
    UnknownRunError,
    UnknownVersionError,
)
from monitor.core.ports import Answer, Training


@dataclass
class Desk:
    """Champion, desk and queue: one version answers `1` to everything."""

    champion: str | None = None
    past: list = field(default_factory=list)
    started: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def answer(self, model, features):
        if self.champion is None:
            raise NoChampionError(model)
        self.seen.append(list(features))
        return [Answer("1", 0.75, self.champion) for _ in features]

    def training(self, model):
        return Training(self.champion)

    def runs(self, model):
        return [self._run(i) for i in reversed(range(len(self.started)))]

    def run(self, model, run):
        if not run.isdecimal() or int(run) >= len(self.started):
            raise UnknownRunError(model, run)
        return self._run(int(run))

    def _run(self, i):
        return {"id": str(i), "status": "succeeded", "reason": self.started[i].reason}

    def start(self, request):
        self.started.append(request)
        return str(len(self.started) - 1)

    def versions(self, model):
        return [{"version": v, "alias": "archived"} for v in self.past] + [
            {"version": self.champion, "alias": "champion"}
        ]

    def promote(self, model, version):
        if version not in self.past:
            raise UnknownVersionError(model, version, self.past)
        self.champion = version
        return {"version": version, "alias": "champion"}

    def rollback(self, model):
        if not self.past:
            raise NothingToRollBackToError(model)
        return self.promote(model, self.past[-1])

    def waiting(self):
        return self.requests
