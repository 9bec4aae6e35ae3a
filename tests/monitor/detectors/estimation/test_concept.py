"""Concept drift: what shifted features do not explain."""

from functools import cache

import numpy as np
from simulated import SPEC, World

from monitor.core.findings import Worse
from monitor.detectors.estimation.classes import ClassEstimator
from monitor.detectors.estimation.concept import chance, gap, gaps
from monitor.detectors.performance.estimates import Estimate
from monitor.detectors.performance.realized import estimates

WATCHED = {"accuracy": Worse.BELOW, "roc_auc": Worse.BELOW, "brier": Worse.ABOVE}


@cache
def world():
    return World.of(1)


@cache
def estimator():
    return ClassEstimator.fit(SPEC, world().sample(12_000, 0.0, 7))


def chances(shift, concept, windows=25):
    found = []
    for seed in range(windows):
        window = world().sample(2000, shift, seed, concept)
        estimated = estimator().estimate(window).kpis
        found.append(chance(gaps(estimates(SPEC, window), estimated, WATCHED)))
    return np.array(found)


def test_features_that_shift_are_no_concept_drift():
    assert np.mean(chances(0.8, 0.0) < 0.01) <= 0.05


def test_a_concept_that_changes_is_seen():
    assert np.mean(chances(0.0, 0.6) < 0.01) >= 0.95


def test_a_gap_without_error_is_certain():
    sure, other = Estimate(0.9, 0.9, 0.9, 0.0, 10), Estimate(0.8, 0.8, 0.8, 0.0, 10)

    assert gap(other, sure, Worse.BELOW).p_value == 0.0
    assert gap(sure, other, Worse.BELOW).p_value == 0.5


def test_no_gaps_are_no_evidence():
    assert chance({}) == 1.0
