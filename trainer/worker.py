"""Takes requests for a new model, has each run by a child, and installs what passed the gate."""

import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec

from monitor.core.decisions import Decision, RetrainRequest
from monitor.core.errors import StalePromotionError, UnavailableError, UnknownModelError
from monitor.core.ports import (
    Clock,
    Json,
    ReferenceBook,
    RequestQueue,
    SnapshotSource,
    SpecBook,
)
from monitor.core.spec import ModelSpec, Promote, Task
from monitor.core.windows import Window
from trainer import run_files
from trainer.attendance import STOPPED, Attendant
from trainer.directory import RunDirectory
from trainer.production.champion import ChampionServer
from trainer.production.fresh import FreshRows
from trainer.production.installation import Installer
from trainer.production.registry import Registry, Version
from trainer.production.trial import Kind
from trainer.records import Assignment, Outcome, Record, Run, Status, Verdict
from trainer.trial_records import Records
from trainer.trials import Trials

_LOG = logging.getLogger(__name__)
_BETWEEN = ("clean.parquet", "tuned.npy", "linear.npy", "encoder.json")
_ASKED_ROWS = 50
"""Labelled rows that a person's request needs; the policy's needs `retrain.min_labels`."""
_FOLD_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Ports:
    """What the worker asks of the other rooms."""

    specs: SpecBook
    snapshots: SnapshotSource
    references: ReferenceBook
    requests: RequestQueue
    versions_seen: Callable[[str], Sequence[str]]
    """Versions in a model's predictions, whoever served them."""
    wait_folded: Callable[[timedelta], None]
    """Return once all rows acknowledged so far can be read. Raises UnavailableError."""
    extent: Callable[[str], Window | None]
    """The event times of a model's rows; None without rows."""
    quarantined: Callable[[str], Sequence[Window]]
    """The windows of a model whose data were bad: nothing is learned from their rows."""
    record: Callable[[Decision], None]
    """Keep what was decided about a model, so that people can see it."""


class TooFewLabelsError(ValueError):
    """There is not enough to learn from."""

    def __init__(self, found: int, needed: int, what: str = "labelled rows") -> None:
        super().__init__(f"{found} {what}, and {needed} are needed")


class Worker:
    """Keeps TrainingDesk. One run at a time: training never takes more than one processor.

    `patience` bounds a run beyond the time for tuning.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Ports,
        registry: Registry,
        champions: ChampionServer,
        clock: Clock,
        patience: timedelta = timedelta(minutes=30),
    ) -> None:
        self._data_dir = data_dir
        self._ports = ports
        self._registry = registry
        self._clock = clock
        self._patience = patience
        self._wake = threading.Event()
        self._attendant = Attendant()
        self._installer = Installer(data_dir, registry, champions, ports.references, clock)
        self.trials = Trials(
            Records(registry, registry.trials, ports.specs, ports.extent, ports.record),
            champions,
            self._installer,
            FreshRows(data_dir / "trials", ports.snapshots, ports.quarantined),
            clock,
        )

    # The desk

    def runs(self, model: str) -> Sequence[Json]:
        """Newest first."""
        self._ports.specs.get(model)
        trials = self._registry.trials.of_model(model)
        return [
            self._so_far(run).as_json(trials.get(run.id, ())) for run in self._registry.runs(model)
        ]

    def run(self, model: str, run: str) -> Json:
        """Raises UnknownRunError."""
        self._ports.specs.get(model)
        trials = self._registry.trials.of_model(model).get(run, ())
        return self._so_far(self._registry.run(model, run)).as_json(trials)

    def files(self, model: str, run: str) -> Sequence[str]:
        """The names of files that a run has left. Raises UnknownRunError."""
        self._ports.specs.get(model)
        return run_files.listed(self._directory(self._registry.run(model, run)).path)

    def file(self, model: str, run: str, name: str) -> bytes:
        """A file that a run has left. Raises UnknownRunError, UnknownFileError."""
        self._ports.specs.get(model)
        found = self._registry.run(model, run)
        return run_files.content(self._directory(found).path, run, name)

    def _so_far(self, run: Run) -> Run:
        """A run that is going, with what its child has written down so far."""
        if run.status is not Status.RUNNING:
            return run
        return replace(run, record=self._directory(run).record)

    def start(self, request: RetrainRequest) -> str:
        """The id of a new run that a person asked for, or of the one that is already going."""
        return self._open(request, asked=True)

    def _open(self, request: RetrainRequest, *, asked: bool) -> str:
        self._ports.specs.get(request.model)
        now = self._clock()
        unique = sha256(f"{request.model} {now.isoformat()}".encode()).hexdigest()[:6]
        run = Run(f"{now:%Y%m%dT%H%M%S}-{unique}", request, asked=asked, created_at=now)
        opened = self._registry.open_run(run)
        self._wake.set()
        return opened

    def versions(self, model: str) -> Sequence[Json]:
        """Newest first."""
        self._ports.specs.get(model)
        return [_shown(version) for version in self._registry.versions(model)]

    def promote(self, model: str, version: str) -> Json:
        """Make a version the champion; the one before stands by while this is on probation.

        Raises UnknownVersionError, StalePromotionError.
        """
        self._ports.specs.get(model)
        generation = self._registry.generation(model)
        asked = self._registry.version(model, version)
        self.trials.supersede(model, f"a person promoted version {version}")
        self.trials.promoted(asked, generation, asked=True)
        return _shown(self._registry.version(model, version))

    def rollback(self, model: str) -> Json:
        """Make the last champion before this one, of those that load, the champion again.

        Raises NoChampionError, NothingToRollBackToError.
        """
        self._ports.specs.get(model)
        version = self._installer.roll_back(model)
        self.trials.supersede(model, f"a person went back to version {version.name}")
        return _shown(version)

    # The work

    def recover(self) -> None:
        """Take up again runs that a service left behind; once, before the first work."""
        for run in self._registry.with_status(Status.RUNNING):
            self._leave(replace(run, record=self._directory(run).record))

    def _leave(self, run: Run) -> None:
        """Queue a run that the service stopped under; the second time it fails.

        One that has its version is done, whether the version was promoted or not.
        """
        version = self._version_of(run)
        if version is not None:
            self._settle(replace(run, version=version.name), version)
        elif run.resumed:
            self._end(run, Status.FAILED, STOPPED)
        else:
            stages = [
                replace(stage, status=Status.QUEUED, note=STOPPED)
                if stage.status is Status.RUNNING
                else stage
                for stage in run.record.stages
            ]
            record = replace(run.record, stages=stages)
            self._registry.save_run(
                replace(run, status=Status.QUEUED, resumed=True, error=STOPPED, record=record)
            )

    def _settle(self, run: Run, version: Version) -> None:
        """End a run that has its version as what became of that says."""
        verdict = run.record.verdict
        if any(trial.run == run.id for trial in self._registry.trials.open(version.model)):
            self._end(run, Status.ON_TRIAL)
        elif verdict is not None and verdict.decision is Outcome.REJECT:
            self._end(run, Status.REJECTED)
        else:
            problem = None if version.alias == "champion" else f"not promoted: {STOPPED}"
            self._end(run, Status.SUCCEEDED, problem)

    def _version_of(self, run: Run) -> Version | None:
        versions = self._registry.versions(run.request.model)
        return next((version for version in versions if version.run == run.id), None)

    def run_forever(self, stop: threading.Event, every: timedelta = timedelta(seconds=0.2)) -> None:
        """Work until told to stop; a thread of the service, with another one for the trials."""
        watching = threading.Thread(target=self.trials.run_forever, args=(stop,), name="trials")
        watching.start()
        self.recover()
        while not stop.is_set():
            try:
                worked = self.work_once(stop)
            except Exception:  # a full disk, say: said in the log, and tried again
                _LOG.exception("the trainer could not work")
                worked = False
            if not worked:
                self._wake.wait(every.total_seconds())
                self._wake.clear()
        watching.join()
        self.close()

    def close(self) -> None:
        """End the process that runs are forked from."""
        self._attendant.close()

    def work_once(self, stop: threading.Event | None = None) -> bool:
        """Take what is waiting and see the oldest run to its end; whether there was one."""
        for request in self._ports.requests.waiting():
            with suppress(UnknownModelError):  # the model is gone, and with it who wanted this
                self._open(request, asked=False)
            self._ports.requests.taken(request.id)
        queued = self._registry.with_status(Status.QUEUED)
        if not queued:
            return False
        self._work(queued[0], stop or threading.Event())
        return True

    def _work(self, run: Run, stop: threading.Event) -> None:
        run = replace(run, status=Status.RUNNING, started_at=self._clock(), error=None)
        self._registry.save_run(run)
        directory = self._directory(run)
        try:
            generation = self._registry.generation(run.request.model)
            spec = self._prepare(run, directory)
            patience = self._patience + spec.retrain.budget
            ended = self._attendant.attend(directory, patience, stop)
            run = replace(run, record=directory.record)
            verdict = run.record.verdict
            if ended.ended_for == STOPPED:
                self._leave(run)
            elif ended.code or verdict is None:
                log = (directory / "log.txt").read_text(errors="replace")
                self._end(run, Status.FAILED, run.record.error or ended.describe(log))
            else:
                self._follow(run, spec, verdict, generation)
        except UnavailableError as error:
            self._end(run, Status.FAILED, str(error))
        except Exception as error:  # one broken run must not silence the next; it says so itself
            self._end(run, Status.FAILED, f"{type(error).__name__}: {error}")

    def _prepare(self, run: Run, directory: RunDirectory) -> ModelSpec:
        """Fill the run directory, or leave it as it is where the run can go on from there.

        Raises TooFewLabelsError, UnavailableError.
        """
        request, spec = run.request, self._ports.specs.get(run.request.model)
        champion = self._registry.champion(request.model)
        anchor = self._registry.first_champion(request.model)
        assignment = Assignment(
            request.model,
            spec,
            changed_at=request.changed_at,
            incumbent=champion.name if champion else None,
            anchor=anchor.name if anchor and anchor != champion else None,
            confirmed=request.confirmed,
            budget=spec.retrain.budget,
            embargo=spec.labels.expected_within,
        )
        if _goes_on(directory, assignment):
            return spec
        self._ports.wait_folded(_FOLD_PATIENCE)
        counts = self._ports.snapshots.label_counts(request.model)
        _enough(counts, spec, asked=run.asked)
        shutil.rmtree(directory.path, ignore_errors=True)
        directory.path.mkdir(parents=True)
        (directory / "log.txt").touch()
        manifest = self._export(run, directory / "snapshot.parquet")
        directory.write("snapshot.json", manifest)
        for name, version in (("incumbent", champion), ("anchor", anchor)):
            if version is not None and (name != "anchor" or version != champion):
                shutil.copytree(self._data_dir / version.artefact, directory / name)
        directory.write("request.json", assignment)
        directory.write("record.json", Record(snapshot=manifest))
        return spec

    def _export(self, run: Run, path: Path) -> Json:
        """The snapshot without windows of bad data, those of now and those of when it was asked.

        A person gets a model from what there is where most of the rows lie in such windows.
        """
        model, asked = run.request.model, run.request.excluded
        excluded = sorted({*asked, *self._ports.quarantined(model)})
        manifest = self._ports.snapshots.export(model, path, excluded)
        if not run.asked or not excluded:
            return manifest
        everything = self._ports.snapshots.label_counts(model).get("", 0)
        if 2 * int(manifest["rows"]) >= everything:
            return manifest
        told = f"{manifest['rows']} of {everything} rows lie outside of windows with bad data"
        manifest = self._ports.snapshots.export(model, path, asked)
        return {**manifest, "quarantine": f"not applied, since a person asked and only {told}"}

    def _follow(self, run: Run, spec: ModelSpec, verdict: Verdict, generation: int) -> None:
        """Do what the gate decided. A version that it rejected can still be promoted by a person.

        One that does not load is none. Where the gate was not sure, the actuals to come decide.
        """
        model, rejected = run.request.model, verdict.decision is Outcome.REJECT
        loads = all(r.passed for r in verdict.reasons if r.check == "loads")
        if rejected and not loads:
            self._end(run, Status.REJECTED)
            return
        version = self._add_version(run, challenges=not rejected)
        run, champion = replace(run, version=version.name), self._registry.champion(model)
        self._registry.save_run(run)
        status, problem = Status.REJECTED if rejected else Status.SUCCEEDED, None
        if verdict.decision is Outcome.SHADOW and champion is not None:
            self.trials.begin(Kind.SHADOW, version, champion)
            status = Status.ON_TRIAL
        elif not rejected and spec.retrain.promote is Promote.AUTO:
            try:
                status = self.trials.promoted(version, generation)
            except StalePromotionError as error:
                problem = f"not promoted: {error}"
        self._end(run, status, problem)

    def _add_version(self, run: Run, *, challenges: bool) -> Version:
        artefact = f"runs/{run.id}/artefact"
        digest = sha256((self._data_dir / artefact / "manifest.json").read_bytes()).hexdigest()
        version = Version(run.request.model, "", run.id, artefact, digest, self._clock())
        seen = self._ports.versions_seen(run.request.model)
        return self._registry.add_version(version, seen, challenges=challenges)

    def _end(self, run: Run, status: Status, error: str | None = None) -> None:
        self._registry.save_run(replace(run, status=status, error=error, finished_at=self._clock()))
        self._tidy(self._directory(run))

    def _tidy(self, directory: RunDirectory) -> None:
        """Remove what only the stages needed; snapshot, log, artefact and reports stay."""
        for name in ("incumbent", "anchor", "challenger"):
            shutil.rmtree(directory / name, ignore_errors=True)
        for name in _BETWEEN:
            (directory / name).unlink(missing_ok=True)

    def _directory(self, run: Run) -> RunDirectory:
        return RunDirectory((self._data_dir / "runs" / run.id).resolve())


def _goes_on(directory: RunDirectory, assignment: Assignment) -> bool:
    """Whether a directory was filled, for what would be asked now."""
    try:
        return directory.has("record.json") and directory.assignment == assignment
    except msgspec.MsgspecError:  # of another release
        return False


def _enough(counts: Mapping[str, int], spec: ModelSpec, *, asked: bool) -> None:
    """Raises TooFewLabelsError if it is not worth to begin."""
    needed = _ASKED_ROWS if asked else max(_ASKED_ROWS, spec.retrain.min_labels)
    if counts.get("", 0) < needed:
        raise TooFewLabelsError(counts.get("", 0), needed)
    classes = [name for name, count in counts.items() if name and count]
    if spec.task is not Task.REGRESSION and len(classes) < 2:
        raise TooFewLabelsError(len(classes), 2, "classes among the labelled rows")


def _shown(version: Version) -> Json:
    """A version as the contract's routes show it."""
    shown: Json = msgspec.to_builtins(version)
    name = shown.pop("name")
    return {"version": name, **{k: v for k, v in shown.items() if k not in {"model", "artefact"}}}
