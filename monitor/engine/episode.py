"""From new alerts to incidents, and from open incidents to a request for a new model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.decisions import Incident
from monitor.core.findings import Finding
from monitor.core.ports import Training
from monitor.core.spec import ModelSpec, Policy
from monitor.engine.history import History
from monitor.engine.incidents import gather, settle
from monitor.engine.policy import decide
from monitor.engine.ports import Ports
from monitor.engine.retries import is_episode
from monitor.engine.returning import reopened
from monitor.engine.situation import Situation

_REMEMBERED = 50
"""Incidents that may come back: the newest."""


@dataclass(frozen=True, slots=True)
class Episode:
    """The last step of a round for one model."""

    ports: Ports

    def advance(self, model: str, spec: ModelSpec) -> None:
        """Take the alerts that came since the last time, in one transaction with what follows."""
        ports = self.ports
        if not self._has_work(model, spec):
            return
        training, now = ports.champion.training(model), ports.clock()
        with ports.ledger.transaction():
            progress = ports.ledger.progress(model)
            alerts = ports.findings.alerts_after(model, progress.alerts)
            incidents = self._incidents(model, spec, alerts, training, now)
            scheduled = spec.retrain.policy is Policy.SCHEDULED
            if incidents or scheduled or is_episode(spec, training):
                self._decide(model, spec, incidents, training, now, new=bool(alerts))
            if alerts:
                newest = max(f.number for f in alerts)
                ports.ledger.advance(model, replace(progress, alerts=newest))

    def _has_work(self, model: str, spec: ModelSpec) -> bool:
        ports = self.ports
        return bool(
            spec.retrain.policy is Policy.SCHEDULED
            or is_episode(spec, ports.champion.training(model))
            or ports.incidents.incidents(model, only_open=True)
            or ports.findings.alerts_after(model, ports.ledger.progress(model).alerts)
        )

    def _incidents(
        self,
        model: str,
        spec: ModelSpec,
        alerts: Sequence[Finding],
        training: Training,
        now: datetime,
    ) -> list[Incident]:
        """Save what opens, changes or ends; the answer is what is open then."""
        log, history = self.ports.incidents, History(self.ports.findings)
        held = {i.id: i for i in log.incidents(model, only_open=True)}
        living = [f for f in alerts if f.version not in training.retired]
        if living:
            resolved = [i for i in log.incidents(model)[:_REMEMBERED] if not i.is_open]
            every = spec.window.every
            held |= {i.id: i for i in reopened(living, list(held.values()), resolved, every)}
        changed = gather(spec, living, held.values(), history.alerts, now)
        held |= {i.id: i for i in changed}
        saved = {i.id: i for i in changed}
        for incident in list(held.values()):
            over = settle(
                incident, history.alerts(incident), history.newer(incident), training, now
            )
            if over is not None:
                saved[incident.id] = over
                del held[incident.id]
        for incident in saved.values():
            log.save_incident(incident)
        return list(held.values())

    def _decide(
        self,
        model: str,
        spec: ModelSpec,
        incidents: Sequence[Incident],
        training: Training,
        now: datetime,
        *,
        new: bool,
    ) -> None:
        ports, history = self.ports, History(self.ports.findings)
        extent = ports.profiles.extent(model)
        alerts = {f.number: f for i in incidents for f in history.alerts(i)}
        situation = Situation(
            model=model,
            now=now,
            event_time=min(now, extent.end) if extent else now,
            training=training,
            labels=lambda: ports.snapshots.label_counts(model).get("", 0),
            bad=lambda: history.bad(model),
            incidents=incidents,
            alerts=[alerts[number] for number in sorted(alerts)],
            new=new,
            waiting=any(request.model == model for request in ports.requests.waiting()),
        )
        decision, request = decide(spec, situation)
        if decision is not None:
            ports.incidents.record(decision)
        if request is not None:
            ports.requests.ask(request)
