"""KPIs of a classifier before actuals come: fitted once on the reference, then window by window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation.answers import UNKNOWN, Answers, answers, names_of, usable_rows
from monitor.detectors.estimation.blend import Blend, Trial
from monitor.detectors.estimation.encoding import Encoding, Floats
from monitor.detectors.estimation.expected import Expected, expected
from monitor.detectors.estimation.methods import (
    CBPE,
    CONDITIONAL,
    METHODS,
    WEIGHTED,
    Probabilities,
    columns,
    weighted,
)
from monitor.detectors.estimation.ratio import Ratio
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.estimation.shifts import Shifted, shifted
from monitor.detectors.performance.estimates import Estimate, Z, area
from monitor.detectors.performance.groups import rows_of

LEARNED = 50_000
"""Rows of the reference that are learned from."""
FEWEST = 300
"""Labelled rows of the reference below which nothing is learned."""
RAREST = 20
"""Rows of a class below which nothing is learned."""
SMALLEST = 30
"""Rows of a window below which nothing is said."""
LARGEST = 20_000
"""Rows of a window that are looked at: more would hardly narrow an interval."""
GUIDES: Mapping[Task, Mapping[str, Sequence[str]]] = {
    Task.BINARY: {
        "accuracy": ("accuracy", "precision", "recall", "specificity", "f1"),
        "roc_auc": ("roc_auc", "pr_auc", "log_loss", "brier", "ece"),
    },
    Task.MULTICLASS: {
        "accuracy": ("accuracy", "f1_macro"),
        "roc_auc_ovr": ("roc_auc_ovr", "log_loss"),
    },
}
"""The KPI whose errors choose the blend, and those that follow it."""
_PRIOR = {CBPE: 0.6, CONDITIONAL: 0.4}
"""The shares that are assumed before any trial: the one with less to go wrong counts more."""
_UNBOUNDED = frozenset({"log_loss"})


@dataclass(frozen=True, slots=True)
class Estimated:
    """The KPIs of a window, and what they rest on.

    `kept` is the effective share of the reference under the window's weights, `shares` how much
    each method counted by guide, `left_out` the rows without score or prediction among those that
    were looked at.
    """

    kpis: Mapping[str, Estimate]
    rows: int
    left_out: int
    kept: float
    shares: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class ClassEstimator:
    """Estimates KPIs of windows of a model with classes.

    CBPE, M-CBPE, PAPE and conditional calibration say how likely each class is; `Blend` mixes
    them as they did best on shifted resamples of the reference.

    Needs    300 labelled rows in the reference, 20 of each class, and a score that tells something.
    Noise    the 95 % interval holds the realized KPI in 90 to 99 of 100 windows whose features
             alone shifted (`benchmarks/estimation`).
    Source   J. Bialek et al., arXiv 2401.08348: M-CBPE and PAPE; the rest as its files say.
    """

    spec: ModelSpec
    names: Sequence[str]
    encoding: Encoding
    learned: Probabilities
    blend: Blend

    @classmethod
    def fit(cls, spec: ModelSpec, reference: Sample, seed: int = 0) -> "ClassEstimator | Refusal":
        """Learn from the labelled rows of a reference, at most 50,000, or say why not."""
        names, encoding = names_of(spec, reference), Encoding.of(spec, reference)
        rows = answers(spec, names, encoding, reference)
        rows = rows.at(rows.actual != UNKNOWN)
        reason = _unfit(rows)
        if reason:
            return Refusal(reason)
        rng = np.random.default_rng(seed)
        rows = rows.at(rng.permutation(rows.rows)[:LEARNED])
        learned = Probabilities.of(rows, encoding.categorical, seed)
        trials = [_trial(learned, resample) for resample in shifted(columns(rows), seed)]
        prior = np.array([_PRIOR.get(method, 0.0) for method in METHODS])
        return cls(
            spec, names, encoding, learned, Blend.of(METHODS, trials, GUIDES[spec.task], prior)
        )

    def rows_of(self, window: Sample) -> Answers:
        """The usable rows of a window as numbers."""
        return answers(self.spec, self.names, self.encoding, window)

    def estimate(self, window: Sample, method: str | None = None) -> Estimated | Refusal:
        """Every KPI of a window with its 95 % interval, or why there is none.

        By one method, if named, else by the blend.
        """
        rows = self.rows_of(bounded(window))
        reason = _too_few(rows)
        if reason:
            return Refusal(reason)
        against = self.learned.against(rows)
        if against.is_extreme:
            return Refusal(
                f"{against.beyond:.0%} of the rows lie where the reference has next to nothing:"
                " the density ratio is too extreme to trust"
            )
        kpis: dict[str, Estimate] = {}
        said: dict[str, Floats] = {}
        shares = {}
        plain, moved = (
            expected(rows, self._mixed({name: 1.0}, said, rows, against))
            for name in (CBPE, CONDITIONAL)
        )
        corrections = {n: moved[n].value - plain[n].value for n in moved.keys() & plain.keys()}
        for guide, names in self.blend.guides.items():
            mix = self.blend.at(guide, against.kept) if method is None else {method: 1.0}
            q = self._mixed(mix, said, rows, against)
            shares[guide] = mix
            for name, e in expected(rows, q, names).items():
                kpis[name] = self._estimate(
                    name, e, rows.rows, against.kept, corrections.get(name, 0.0)
                )
        return Estimated(
            kpis, rows.rows, min(window.rows, LARGEST) - rows.rows, against.kept, shares
        )

    def expected_losses(self, window: Sample) -> Floats:
        """The chance of each row that its prediction is wrong, shape (rows,); NaN without score."""
        found = np.full(window.rows, np.nan)
        usable = usable_rows(self.spec, self.names, window)
        if usable.any():
            rows = self.rows_of(window)
            found[usable] = _wrong(self.learned.at(CONDITIONAL, rows), rows)
        return found

    def unseen_losses(self) -> tuple[Floats, Floats]:
        """Loss and expected loss of each row of the reference, by what had not learned it."""
        rows = self.learned.reference
        said = self.learned.unseen[CONDITIONAL]
        return np.asarray(rows.chosen != rows.actual, np.float64), _wrong(said, rows)

    def without_rows(self) -> "ClassEstimator":
        """What `expected_losses` needs, and no more: it gives no estimates."""
        none = np.empty(0, np.int64)
        learned = self.learned
        held = replace(
            learned, reference=learned.reference.at(none), known=learned.known[none], unseen={}
        )
        return replace(self, learned=held)

    def _mixed(
        self, mix: Mapping[str, float], said: dict[str, Floats], rows: Answers, against: Ratio
    ) -> Floats:
        """Probabilities by a mix; `said` keeps each method's for the next mix."""
        for name in mix:
            if name not in said:
                said[name] = self.learned.at(name, rows, against.weights)
        return np.asarray(np.sum([share * said[name] for name, share in mix.items()], axis=0))

    def _estimate(
        self, name: str, e: Expected, rows: int, kept: float, correction: float
    ) -> Estimate:
        """Its error is of the labels, of the calibration, and of the estimator under shift."""
        calibration = e.variance * rows / (self.learned.reference.rows * max(kept, 1e-4))
        beyond = self.blend.variance(name, kept, correction)
        error = sqrt(e.variance + calibration + beyond)
        most = inf if name in _UNBOUNDED else 1.0
        low, high = max(0.0, e.value - Z * error), min(most, e.value + Z * error)
        return Estimate(e.value, low, high, error, rows)


def _wrong(q: Floats, rows: Answers) -> Floats:
    """The chance that each choice is wrong, from probabilities of the classes."""
    whole = np.column_stack([1 - q[:, 0], q[:, 0]]) if q.shape[1] == 1 else q
    return np.asarray(1 - whole[np.arange(rows.rows), rows.chosen], np.float64)


def bounded(window: Sample) -> Sample:
    """At most 20,000 rows of a window, evenly apart."""
    if window.rows <= LARGEST:
        return window
    return rows_of(window, np.arange(LARGEST) * window.rows // LARGEST)


def _too_few(rows: Answers) -> str | None:
    if rows.rows < SMALLEST:
        return f"{rows.rows} rows have a score and a prediction; {SMALLEST} are needed"
    return None


def _unfit(rows: Answers) -> str | None:
    """Why rows cannot be learned from, or None."""
    if rows.rows < FEWEST:
        return f"the reference has {rows.rows} rows with score and actual; {FEWEST} are needed"
    counts = np.bincount(rows.actual, minlength=rows.classes)
    if np.sum(counts >= RAREST) < 2:
        return f"the reference has fewer than two classes with {RAREST} labelled rows"
    came = rows.came()
    areas = [area(came[:, k] == 1, rows.score[:, k]) for k in range(came.shape[1])]
    if not any(a is not None and a.low > 0.5 for a in areas):
        return "the score is uninformative: on the reference it ranks no better than chance"
    return None


def _trial(learned: Probabilities, resample: Shifted) -> Trial:
    """How far each method is off on a resample, none of whose rows it learned."""
    reference, rows = learned.reference, resample.rows
    window = reference.at(rows)
    against = learned.against(window)
    weights = against.weights.copy()
    weights[rows] = 0.0
    realized = expected(window, window.came())
    found = [
        expected(
            window,
            weighted(m, reference, weights, window) if m in WEIGHTED else learned.unseen[m][rows],
        )
        for m in METHODS
    ]
    plain, moved = (found[METHODS.index(m)] for m in (CBPE, CONDITIONAL))
    names = set(realized).intersection(*found)
    return Trial(
        resample.strength,
        against.kept,
        {n: [f[n].value - realized[n].value for f in found] for n in names},
        {n: plain[n].variance for n in names},
        {n: moved[n].value - plain[n].value for n in names},
    )
