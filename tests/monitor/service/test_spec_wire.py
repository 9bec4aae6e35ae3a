"""Specs on the wire: what is declared holds, what makes no sense is said plainly."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import SpecError, UnknownKeyError
from monitor.core.spec import (
    AlertSpec,
    Bound,
    FeatureSpec,
    FeatureType,
    LabelSpec,
    ModelSpec,
    Policy,
    Promote,
    RetrainSpec,
    Task,
    WindowSpec,
)
from monitor.service.spec_wire import SPEC_EXAMPLE, Known, spec_from, spec_json, spec_schema

KNOWN = Known({"roc_auc", "accuracy"}, {"psi", "wasserstein"}, {"linear", "vote"})
spans = st.integers(1000, 30 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
names = st.text(min_size=1, max_size=5)
numbers = st.floats(-1e9, 1e9)
pairs = st.tuples(numbers, numbers).map(sorted)


@st.composite
def features(draw):
    kind = draw(st.none() | st.sampled_from(FeatureType))
    low, high = draw(st.none() | pairs) or (None, None)
    categories, synonyms = None, {}
    if kind in {None, FeatureType.CATEGORY}:
        categories = draw(st.none() | st.lists(names, min_size=1, max_size=3).map(tuple))
        if categories:
            synonyms = draw(st.dictionaries(names, st.sampled_from(categories), max_size=2))
    method = draw(st.none() | st.sampled_from(sorted(KNOWN.methods)))
    return FeatureSpec(kind, low, high, categories, synonyms, method)


def segments(described):
    """Features by which rows can be divided, alone or two together."""
    whole = {FeatureType.TEXT, FeatureType.EMBEDDING, FeatureType.TIMESTAMP}
    names = sorted(name for name, said in described.items() if said.type not in whole)
    if not names:
        return st.just(())
    one = st.sampled_from(names)
    pair = st.permutations(names).map(lambda turned: tuple(turned[:2]))
    return st.lists(one | pair if len(names) > 1 else one, max_size=2).map(tuple)


@st.composite
def specs(draw):
    task = draw(st.sampled_from(Task))
    described = draw(st.dictionaries(names, features(), max_size=3))
    return ModelSpec(
        task,
        described,
        draw(segments(described)),
        draw(names) if task is Task.BINARY else None,
        WindowSpec(draw(spans), draw(st.integers(1, 10**6))),
        LabelSpec(draw(spans)),
        draw(st.dictionaries(st.sampled_from(sorted(KNOWN.kpis)), st.builds(Bound, numbers))),
        AlertSpec(draw(st.floats(0.001, 1000))),
        RetrainSpec(
            draw(st.sampled_from(Policy)),
            draw(spans),
            draw(st.integers(1, 10**6)),
            draw(st.sampled_from(Promote)),
            draw(spans),
        ),
    )


@given(specs())
def test_what_is_written_is_read_back(spec):
    assert spec_from(spec_json(spec), KNOWN) == spec


def test_only_the_task_must_be_declared():
    spec = spec_from({"task": "binary", "window": None, "features": {"a": {"min": None}}}, KNOWN)

    assert spec == ModelSpec(Task.BINARY, {"a": FeatureSpec()})
    assert spec_json(spec)["positive_label"] == "1"


def test_the_example_of_the_contract_is_read():
    spec = spec_from(SPEC_EXAMPLE, KNOWN)

    assert spec.features["age"] == FeatureSpec(FeatureType.NUMBER, 0, 120)
    assert spec.retrain == RetrainSpec(Policy.ON_ALERT, timedelta(days=1))
    assert spec.window.every == timedelta(hours=1)


@pytest.mark.parametrize(("sent", "label"), [(1, "1"), (True, "1"), (1.0, "1"), ("yes", "yes")])
def test_labels_may_be_numbers_and_booleans(sent, label):
    spec = spec_from(
        {"task": "binary", "positive_label": sent, "features": {"a": {"categories": [sent]}}}, KNOWN
    )

    assert spec.positive == label
    assert spec.features["a"].categories == (label,)


@pytest.mark.parametrize(
    ("sent", "place", "hint"),
    [
        ({"featrues": {}}, "spec", "features"),
        ({"window": {"evry": "1h"}}, "window", "every"),
        ({"features": {"age": {"typ": "number"}}}, "features.age", "type"),
        ({"kpis": {"roc_auc": {"mim": 1}}}, "kpis.roc_auc", "min"),
        ({"retrain": {"promot": "auto"}}, "retrain", "promote"),
    ],
)
def test_an_unknown_key_is_named_with_its_place_and_the_nearest_known(sent, place, hint):
    with pytest.raises(UnknownKeyError) as caught:
        spec_from({"task": "binary", **sent}, KNOWN)

    assert str(caught.value).startswith(f"{place}: unknown key")
    assert f"did you mean {hint!r}?" in str(caught.value)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (None, "spec: must be an object"),
        ([], "spec: must be an object"),
        ({}, "task: is required; one of binary"),
        ({"task": "binry"}, "task: input should be 'binary'"),
        ({"features": []}, "features: must be an object"),
        ({"features": {"a": 1}}, "features.a: must be an object"),
        ({"features": {"a": {"type": "nummer"}}}, "features.a.type: input should be 'number'"),
        ({"features": {"a": {"min": "x"}}}, "features.a.min: input should be a valid number"),
        ({"features": {"a": {"min": 2, "max": 1}}}, "features.a: min 2 is above max 1"),
        ({"features": {"a": {"min": float("nan")}}}, "features.a.min: must be a finite number"),
        ({"features": {"a": {"method": "psy"}}}, "did you mean 'psi'?"),
        ({"features": {"a": {"categories": []}}}, "features.a.categories: must name at least one"),
        ({"features": {"a": {"type": "number", "categories": ["x"]}}}, "type number has none"),
        (
            {"features": {"a": {"categories": ["x"], "synonyms": {"z": "y"}}}},
            "features.a.synonyms.z: 'y' is none of the categories",
        ),
        ({"features": {"age": {}}, "segments": ["agee"]}, "did you mean 'age'?"),
        ({"segments": "age"}, "segments: "),
        ({"features": {"a": {}}, "segments": [["a", "a"]]}, "'a' is named twice"),
        ({"kpis": {"roc": {}}}, "kpis: no KPI 'roc'; did you mean 'roc_auc'?"),
        ({"kpis": {"roc_auc": {"min": 2, "max": 1}}}, "kpis.roc_auc: min 2 is above max 1"),
        ({"kpis": {"roc_auc": 0.8}}, "kpis.roc_auc: must be an object"),
        ({"window": {"every": "0s"}}, "window.every: must be 1s or more"),
        ({"window": {"every": "9000w"}}, "window.every: must be 366d or less"),
        ({"window": {"every": 3600}}, "window.every: must be a span of time"),
        ({"window": {"every": "soon"}}, "window.every: 'soon' is no span of time"),
        ({"window": {"min_rows": 0}}, "window.min_rows: must be 1 or more"),
        ({"window": {"min_rows": 1.5}}, "window.min_rows: input should be a valid integer"),
        ({"labels": {"expected_within": "0s"}}, "labels.expected_within: must be more than 0s"),
        ({"alerts": {"false_alarms_per_month": 0}}, "must be a number above 0"),
        ({"retrain": {"min_labels": 0}}, "retrain.min_labels: must be 1 or more"),
        ({"retrain": {"budget": "0s"}}, "retrain.budget: must be more than 0s"),
        ({"concept": {"method": "cusum"}}, "concept.method: input should be 'mixture'"),
        ({"concept": {"run_length": 5}}, "concept.run_length: must be from 100 to 1000000000"),
        ({"gains": {"1": {"0": "much"}}}, "gains.1.0: input should be a valid number"),
        ({"gains": {"1": {"0": float("inf")}}}, "gains.1.0: must be a finite number"),
        ({"gains": 3}, "gains: input should be a valid"),
        ({"task": "regression", "gains": {"1": {"0": 1}}}, "gains: a regression has no classes"),
        ({"retrain": {"policy": "never"}}, "retrain.policy: input should be 'on_alert'"),
        ({"task": "regression", "positive_label": "1"}, "positive_label: only a binary task"),
        ({"positive_label": {}}, "positive_label: input should be a valid string"),
    ],
)
def test_what_makes_no_sense_is_said_plainly(sent, said):
    if sent and "task" not in sent:
        sent = {"task": "binary", **sent}
    with pytest.raises(SpecError) as caught:
        spec_from(sent, KNOWN)

    assert said in str(caught.value)
    assert caught.value.status == 422


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["task", "features", "window", "every", "kpis", "type", "labels"]),
                inner,
            )
        ),
    )
)
def test_no_document_is_worse_than_a_spec_error(document):
    try:
        spec = spec_from(document, KNOWN)
    except SpecError:
        return
    assert isinstance(spec, ModelSpec)


def test_the_schema_names_every_key_and_shows_spans_as_text():
    schema = spec_schema()

    assert schema["properties"].keys() == spec_json(ModelSpec(Task.BINARY)).keys()
    assert schema["required"] == ["task"]
    assert schema["properties"]["window"]["properties"]["every"]["type"] == ["string", "null"]
    assert None in schema["properties"]["retrain"]["properties"]["policy"]["enum"]
    assert "$ref" not in str(schema)


def test_experiments_and_canary_of_a_spec_are_held_against_what_there_is():
    spec = spec_from({"task": "binary", "retrain": {"experiments": ["vote"], "canary": 0.1}}, KNOWN)
    assert spec.retrain.experiments == ("vote",)
    assert spec_json(spec)["retrain"]["canary"] == 0.1
    with pytest.raises(SpecError, match="did you mean 'linear'"):
        spec_from({"task": "binary", "retrain": {"experiments": ["liner"]}}, KNOWN)
    with pytest.raises(SpecError, match="a share"):
        spec_from({"task": "binary", "retrain": {"canary": 1}}, KNOWN)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"retrain": {"canary": False}}, "retrain.canary"),
        ({"alerts": {"false_alarms_per_month": True}}, "alerts.false_alarms_per_month"),
        ({"kpis": {"roc_auc": {"min": True}}}, "kpis.roc_auc.min"),
        ({"features": {"a": {"type": "number", "max": False}}}, "features.a.max"),
        ({"gains": {"1": {"0": True}}}, "gains.1.0"),
    ],
)
def test_a_boolean_is_no_number(document, place):
    with pytest.raises(SpecError, match=rf"{place}: must not be a boolean"):
        spec_from({"task": "binary"} | document, KNOWN)
