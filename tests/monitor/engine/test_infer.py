"""Inference: what is declared stays, what the rows show is filled in."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest

from monitor.core.profile import Bins, Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.engine.infer import infer, positive_label, scores_by_label

NUMBER, CATEGORY, TEXT = FeatureType.NUMBER, FeatureType.CATEGORY, FeatureType.TEXT


def numbers(values):
    values = np.asarray(values, float)
    bins = Bins.of(values)
    return Profile(
        NUMBER,
        rows=len(values),
        minimum=values.min(),
        maximum=values.max(),
        bins=bins,
        counts=np.bincount(bins.place(values), minlength=len(bins)),
    )


def categories(counts):
    return Profile(CATEGORY, rows=sum(counts.values()), categories=counts)


@pytest.fixture
def reference():
    rng = np.random.default_rng(0)
    return Profiles(
        rows=1000,
        features={
            "age": numbers(rng.gamma(9, 5, 1000)),
            "sex": categories({"Male": 600, "Female": 400}),
            "note": categories({f"text {i}": 1 for i in range(1000)}),
            "town": categories({f"town {i}": 4 for i in range(250)}),
            "rare": categories({"a": 900, **{f"b{i}": 1 for i in range(100)}}),
        },
    )


TYPES = {"age": NUMBER, "sex": CATEGORY, "note": CATEGORY, "town": CATEGORY, "rare": CATEGORY}


def rows_of(actual, score=None, prediction=None):
    return Sample(
        total=len(actual),
        prediction_ids=[str(i) for i in range(len(actual))],
        actual=np.array(actual, object),
        prediction=None if prediction is None else np.array(prediction, object),
        score=None if score is None else np.array(score, float),
    )


def inferred(reference, spec=None, sample=None):
    return infer(spec or ModelSpec(Task.BINARY), reference, TYPES, sample or Sample(0))


def test_types_ranges_and_categories_come_from_the_reference(reference):
    features = inferred(reference).features

    assert {name: f.type for name, f in features.items()} == {
        "age": NUMBER,
        "sex": CATEGORY,
        "note": TEXT,  # nearly every row has its own
        "town": CATEGORY,
        "rare": CATEGORY,
    }
    assert features["sex"].categories == ("Female", "Male")
    assert features["age"].min == 0
    assert features["age"].max > reference["age"].maximum


def test_no_law_is_made_of_categories_that_are_too_many_or_unfinished(reference):
    features = inferred(reference).features
    assert features["town"].categories is None
    assert features["rare"].categories is None


def test_what_is_declared_stays(reference):
    declared = {
        "sex": FeatureSpec(type=CATEGORY, categories=("Male",), synonyms={"Girl": "Female"}),
        "age": FeatureSpec(type=NUMBER, max=120.0),
        "note": FeatureSpec(type=CATEGORY),
        "later": FeatureSpec(type=NUMBER, min=1.0),
    }
    spec = inferred(reference, ModelSpec(Task.BINARY, features=declared))

    assert list(spec.features) == ["sex", "age", "note", "later", "town", "rare"]
    assert spec.features["sex"] == declared["sex"]
    assert (spec.features["age"].min, spec.features["age"].max) == (0, 120)
    assert spec.features["note"].type is CATEGORY
    assert spec.features["later"] == declared["later"]


def test_a_bound_that_contradicts_a_declared_one_is_left_out(reference):
    declared = {"age": FeatureSpec(type=NUMBER, max=-5.0)}
    spec = inferred(reference, ModelSpec(Task.BINARY, features=declared))
    assert (spec.features["age"].min, spec.features["age"].max) == (None, -5.0)


def test_a_feature_declared_as_something_else_is_not_bounded_by_what_it_was_read_as(reference):
    declared = {"age": FeatureSpec(type=CATEGORY), "sex": FeatureSpec(type=NUMBER)}
    features = inferred(reference, ModelSpec(Task.BINARY, features=declared)).features
    assert features["age"] == FeatureSpec(type=CATEGORY, categories=None)
    assert features["sex"].categories is None


def test_inferring_twice_changes_nothing(reference):
    once = inferred(reference)
    assert infer(once, reference, TYPES, Sample(0)) == once


def test_without_reference_rows_only_types_are_known():
    spec = infer(ModelSpec(Task.BINARY), Profiles(), {"age": NUMBER}, Sample(0))
    assert spec.features == {"age": FeatureSpec(type=NUMBER)}


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ({"no": 0.2, "yes": 0.8}, "yes"),
        ({"good": 0.9, "bad": 0.1}, "good"),
        ({"DOWN": nan, "UP": nan}, "UP"),
        ({"DOWN": 0.5, "UP": nan}, "UP"),
        ({"0": 0.9, "1": 0.1}, None),
        ({}, None),
    ],
)
def test_the_positive_label_is_the_one_with_the_higher_scores(labels, positive):
    assert positive_label(labels) == positive


def test_a_declared_positive_label_stays_and_other_tasks_have_none(reference):
    sample = rows_of(["no", "yes", "no", None], [0.2, 0.8, 0.4, 0.9])
    declared = ModelSpec(Task.BINARY, positive_label="no")
    assert inferred(reference, declared, sample).positive_label == "no"
    assert inferred(reference, ModelSpec(Task.MULTICLASS), sample).positive_label is None
    assert inferred(reference, None, sample).positive_label == "yes"


def test_labels_are_the_actuals_and_without_any_the_predictions():
    assert scores_by_label(rows_of(["a", "b", "a"], [0.25, 0.5, 0.75])) == {"a": 0.5, "b": 0.5}
    assert scores_by_label(rows_of([None], [0.25], ["c"])) == {"c": 0.25}
    assert scores_by_label(Sample(0)) == {}
    (score,) = scores_by_label(rows_of(["a"], [nan])).values()
    assert isnan(score)


def test_numbers_that_only_name_rows_have_no_range(reference):
    rows = rows_of(["0"] * 2000)
    named = replace(rows, numbers={"age": np.arange(2000.0)})
    usual = replace(rows, numbers={"age": np.arange(2000.0) % 50})

    assert inferred(reference, sample=named).features["age"].max is None
    assert inferred(reference, sample=usual).features["age"].max is not None
