"""Unknown categories."""

import numpy as np
from counted import HOUR, counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, ModelSpec, Task
from monitor.detectors.quality.category import Category


def measured(before, now, **said):
    spec = ModelSpec(Task.BINARY, {"gender": FeatureSpec(**said)})
    reference = profiles(gender=before) if before else Profiles()
    return list(Category().measure(spec, HOUR, reference, profiles(gender=now)))


def test_every_unknown_value_is_named_with_its_count_and_suggestion():
    now = ["Male"] * 10 + ["Mail"] * 3 + ["Girl"] * 2 + ["Martian"]

    (m,) = measured(["Female", "Male"] * 50, now, categories=("Female", "Male"))

    assert (m.value, m.expected, m.p_value) == (6 / 16, 0, None)
    assert m.evidence == {
        "values": [
            {
                "value": "Mail",
                "count": 3,
                "suggestion": "Male",
                "how": "edit distance",
                "prediction_ids": [],
            },
            {
                "value": "Girl",
                "count": 2,
                "suggestion": "Female",
                "how": "synonym",
                "prediction_ids": [],
            },
            {
                "value": "Martian",
                "count": 1,
                "suggestion": None,
                "how": None,
                "prediction_ids": [],
            },
        ]
    }


def test_the_key_of_a_declared_synonym_is_known_but_wrong():
    said = {"categories": ("Female", "Male"), "synonyms": {"W": "Female"}}

    (m,) = measured(None, ["W", "Male"], **said)

    assert (m.value, m.p_value) == (0.5, None)
    assert m.evidence["values"][0]["how"] == "declared synonym"


def test_known_values_are_no_finding():
    (m,) = measured(["a", "b"] * 9, ["a", "b", None])

    assert (m.value, m.p_value, m.evidence) == (0, None, {"values": []})


def test_without_declared_categories_those_of_the_reference_are_known():
    (m,) = measured(["a", "b"] * 9, ["a", "c"])

    assert m.value == 0.5


def test_where_new_values_keep_coming_a_new_one_is_likely():
    rng = np.random.default_rng(6)
    shares = 1 / np.arange(1, 5001) ** 1.2
    draw = lambda n: rng.choice(5000, n, p=shares / shares.sum()).astype(str).tolist()  # noqa: E731
    alarms = 0
    for _ in range(30):
        (m,) = measured(draw(2000), draw(300))
        assert m.value > 0
        alarms += m.p_value < 1e-3
    assert alarms == 0


def test_an_open_set_flooded_with_new_values_is_unlikely():
    (m,) = measured(["a", "b"] * 500 + ["once"], ["a"] * 50 + ["new"] * 50)

    assert m.p_value < 1e-20


def test_only_the_most_frequent_values_are_shown():
    now = [f"id{i}" for i in range(500) for _ in range(1 + (i == 7))]

    (m,) = measured(["a", "b"] * 9, now)

    assert len(m.evidence["values"]) == 20
    assert m.evidence["values"][0]["value"] == "id7"


def test_without_known_categories_nothing_is_measured():
    assert not measured(None, ["a"])
    assert not list(
        Category().measure(
            ModelSpec(Task.BINARY), HOUR, profiles(x=[1]), profiles(x=counted([1.0, 2.0]))
        )
    )


def test_a_slip_is_no_new_value_even_where_some_are_rare():
    before = ["Male", "Female"] * 500 + ["Intersex"]

    (slip,) = measured(before, ["Male"] * 200 + ["Mail"])
    (new,) = measured(before, ["Male"] * 200 + ["Robot"])

    assert slip.p_value is None
    assert new.p_value > 0.01


def test_where_rare_values_look_like_others_a_slip_may_be_one_more():
    before = ["Smith", "Miller"] * 500 + ["Smyth"]

    (m,) = measured(before, ["Smith"] * 200 + ["Millerr"])

    assert m.evidence["values"][0]["suggestion"] == "Miller"
    assert m.p_value > 0.01
