"""Faults of a given size, put into what was stored: the rows of a window, and their profiles.

Which rows are hit is drawn by a generator that the window seeds, so two specs see the same fault.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitor.core.backtests import Fault, FaultKind
from monitor.core.errors import SpecError
from monitor.core.profile import Profile, Profiles
from monitor.core.rows import microseconds
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Labels, Numbers, Sample, Window

NEW_VALUE = "(a new value)"
_OF_TYPE: Mapping[FeatureType, frozenset[FaultKind]] = {
    FeatureType.NUMBER: frozenset(FaultKind) - {FaultKind.NEW_VALUE, FaultKind.WRONG},
    FeatureType.CATEGORY: frozenset({FaultKind.MISSING, FaultKind.STUCK, FaultKind.NEW_VALUE}),
}
_WHOLE = frozenset({FaultKind.SHIFT, FaultKind.SCALE})
"""They hit every row; the size of the others is a share."""
_WRONG_BY = 3.0


def check_fault(spec: ModelSpec, fault: Fault) -> None:
    """Raises SpecError with a plain sentence for a fault that cannot be put into this model."""
    if not np.isfinite(fault.size):
        raise SpecError("faults.size: must be a finite number")
    if fault.kind not in _WHOLE and not 0 < fault.size <= 1:
        raise SpecError(f"faults.size: of {fault.kind} it is a share above 0 up to 1")
    if fault.kind is FaultKind.WRONG:
        if fault.feature is not None:
            raise SpecError("faults.feature: wrong actuals are of no feature")
        return
    if fault.feature is None or fault.feature not in spec.features:
        raise SpecError(f"faults.feature: no feature {fault.feature!r}")
    kind = spec.features[fault.feature].type
    if kind is None or fault.kind not in _OF_TYPE.get(kind, ()):
        able = ", ".join(sorted(_OF_TYPE.get(kind, ()))) if kind else ""
        said = f"; known: {able}" if able else "; only numbers and categories can be spoilt"
        raise SpecError(
            f"faults.kind: {fault.kind} is no fault of {fault.feature!r}, a {kind}{said}"
        )


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Puts faults into windows. `deviation` is that of a feature in the reference."""

    spec: ModelSpec
    faults: tuple[Fault, ...]
    deviation: Callable[[str, str], float]
    """Of a version and a feature."""

    def sample(self, sample: Sample, version: str, window: Window) -> Sample:
        """The rows with the faults of the window in them."""
        numbers, labels, actual = dict(sample.numbers), dict(sample.labels), sample.actual
        for fault in self._of(window):
            name, draw = fault.feature or "", _generator(window, fault)
            if fault.kind is FaultKind.WRONG:
                actual = _wrong(self.spec, fault, actual, draw)
            elif name in numbers:
                spread = self.deviation(version, name) if fault.kind is FaultKind.SHIFT else 0.0
                numbers[name] = _spoilt_numbers(fault, numbers[name], spread, draw)
            elif name in labels:
                labels[name] = _spoilt_labels(fault, labels[name], draw)
        return replace(sample, numbers=numbers, labels=labels, actual=actual)

    def profiles(
        self, profiles: Profiles, version: str, window: Window, rows: Callable[[], Sample]
    ) -> Profiles:
        """The profiles with the faults of the window in them.

        `rows` gives every row of the window. Raises SpecError if it does not.
        """
        made = dict(profiles.features)
        for fault in self._of(window):
            if fault.feature not in made or fault.kind is FaultKind.WRONG:
                continue
            sample = rows()
            if sample.rows < profiles.rows:
                raise SpecError(
                    f"faults: a window holds {profiles.rows} rows, and faults can be put into "
                    f"windows of up to {sample.rows}; give a shorter window.every"
                )
            spoilt = self.sample(sample, version, window)
            made[fault.feature] = self._recounted(fault.feature, made[fault.feature], spoilt)
        return replace(profiles, features=made)

    def _of(self, window: Window) -> Iterable[Fault]:
        return (fault for fault in self.faults if fault.hits(window))

    def _recounted(self, feature: str, profile: Profile, spoilt: Sample) -> Profile:
        if feature in spoilt.labels:
            return recounted_labels(profile, spoilt.labels[feature])
        text = any(f.kind is FaultKind.TEXT and f.feature == feature for f in self.faults)
        said = self.spec.features.get(feature, FeatureSpec())
        return recounted_numbers(profile, spoilt.numbers[feature], said, misfits=text)


def recounted_numbers(
    profile: Profile, values: Numbers, said: FeatureSpec, *, misfits: bool = False
) -> Profile:
    """The profile of a number with other values in it, shape (rows,), NaN where missing.

    What is missing beyond the profile's own is null, and of a wrong type where `misfits` says so.
    """
    held = values[np.isfinite(values)]
    gone = max(0, profile.finite - len(held))
    bins = profile.bins
    counts = profile.counts
    if bins is not None:
        counts = np.bincount(bins.place(held), minlength=len(bins)).astype(np.int64)
    return replace(
        profile,
        missing=profile.missing + gone,
        misfits=profile.misfits + (gone if misfits else 0),
        below=0 if said.min is None else int((held < said.min).sum()),
        above=0 if said.max is None else int((held > said.max).sum()),
        minimum=float(held.min()) if len(held) else np.inf,
        maximum=float(held.max()) if len(held) else -np.inf,
        total=float(held.sum()),
        squares=float(np.square(held).sum()),
        counts=counts,
    )


def recounted_labels(profile: Profile, values: Labels) -> Profile:
    """The profile of a category with other values in it, shape (rows,), None where missing."""
    names, counts = np.unique([v for v in values if v is not None], return_counts=True)
    gone = max(0, profile.finite - int(counts.sum()))
    return replace(
        profile,
        missing=profile.missing + gone,
        categories=dict(zip(names.tolist(), counts.tolist(), strict=True)),
    )


def _generator(window: Window, fault: Fault) -> np.random.Generator:
    seed = [abs(microseconds(window.start)), *f"{fault.kind} {fault.feature}".encode()]
    return np.random.default_rng(seed)


def _spoilt_numbers(
    fault: Fault, values: Numbers, spread: float, draw: np.random.Generator
) -> Numbers:
    match fault.kind:
        case FaultKind.SHIFT:
            return values + fault.size * (spread if np.isfinite(spread) else 1.0)
        case FaultKind.SCALE:
            return values * fault.size
    known = values[np.isfinite(values)]
    stuck = known[0] if fault.kind is FaultKind.STUCK and len(known) else np.nan
    hit = (draw.random(len(values)) < fault.size) & np.isfinite(values)
    return np.where(hit, stuck, values)


def _spoilt_labels(fault: Fault, values: Labels, draw: np.random.Generator) -> Labels:
    known = [v for v in values if v is not None]
    instead = {
        FaultKind.NEW_VALUE: NEW_VALUE,
        FaultKind.STUCK: known[0] if known else None,
    }.get(fault.kind)
    hit = draw.random(len(values)) < fault.size
    spoilt = [instead if h and v is not None else v for h, v in zip(hit, values, strict=True)]
    return np.array(spoilt, object)


def _wrong(
    spec: ModelSpec,
    fault: Fault,
    actual: Labels | Numbers | None,
    generator: np.random.Generator,
) -> Labels | Numbers | None:
    if actual is None:
        return None
    hit: npt.NDArray[np.bool_] = generator.random(len(actual)) < fault.size
    spoilt = actual.copy()
    if spec.task is Task.REGRESSION:
        numbers = np.asarray(actual, np.float64)
        spread = float(np.nanstd(numbers)) if np.isfinite(numbers).any() else 0.0
        spoilt[hit] += _WRONG_BY * spread
        return spoilt
    classes = sorted({str(v) for v in actual if v is not None})
    after = dict(zip(classes, classes[1:] + classes[:1], strict=True))
    spoilt[hit] = [None if v is None else after[str(v)] for v in actual[hit]]
    return spoilt
