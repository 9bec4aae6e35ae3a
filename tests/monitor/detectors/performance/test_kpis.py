"""KPIs against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from counted import sample
from sklearn import metrics

from monitor.core.spec import ModelSpec, Task
from monitor.detectors.performance.kpis import KPIS
from monitor.detectors.performance.realized import evaluate

BINARY, MANY, NUMBER = (ModelSpec(task) for task in Task)
RNG = np.random.default_rng(1)
Y = RNG.random(400) < 0.3
SCORE = np.clip(RNG.beta(2, 4, 400) + 0.25 * Y, 0.001, 0.999)
P = SCORE > 0.45


def text(flags):
    return np.array([str(int(f)) for f in flags], object)


def binary(n=400, **parts):
    given = {"prediction": text(P[:n]), "actual": text(Y[:n]), "score": SCORE[:n]}
    return sample(**(given | parts))


def test_binary_kpis_agree_with_scikit_learn():
    found = {name: value for name, (value, _, _) in evaluate(BINARY, binary()).items()}
    ece = found.pop("ece")

    assert 0 < ece < 1
    assert found == {
        name: pytest.approx(value, abs=1e-9)
        for name, value in {
            "roc_auc": metrics.roc_auc_score(Y, SCORE),
            "pr_auc": metrics.average_precision_score(Y, SCORE),
            "accuracy": metrics.accuracy_score(Y, P),
            "precision": metrics.precision_score(Y, P),
            "recall": metrics.recall_score(Y, P),
            "f1": metrics.f1_score(Y, P),
            "specificity": metrics.recall_score(~Y, ~P),
            "log_loss": metrics.log_loss(Y, SCORE),
            "brier": metrics.brier_score_loss(Y, SCORE),
        }.items()
    }


def test_multiclass_kpis_agree_with_scikit_learn():
    rng = np.random.default_rng(2)
    names = np.array(["a", "b", "c"], object)
    actual = names[rng.integers(3, size=500)]
    table = rng.dirichlet([1, 1, 1], 500) * 0.6 + 0.4 * (actual[:, None] == names)
    predicted = names[table.argmax(axis=1)]
    rows = sample(
        prediction=predicted, actual=actual, scores=dict(zip(names, table.T, strict=True))
    )
    text = actual.astype(str)

    assert {name: value for name, (value, _, _) in evaluate(MANY, rows).items()} == {
        "accuracy": pytest.approx(metrics.accuracy_score(text, predicted.astype(str))),
        "f1_macro": pytest.approx(
            metrics.f1_score(text, predicted.astype(str), average="macro"), abs=1e-9
        ),
        "log_loss": pytest.approx(metrics.log_loss(text, table), abs=1e-9),
        "roc_auc_ovr": pytest.approx(
            metrics.roc_auc_score(text, table, multi_class="ovr"), abs=1e-9
        ),
    }


@pytest.mark.parametrize("task", Task)
def test_every_interval_holds_its_value(task):
    rng = np.random.default_rng(4)
    rows = {
        Task.BINARY: binary(),
        Task.MULTICLASS: sample(prediction=text(P), actual=text(Y)),
        Task.REGRESSION: sample(prediction=rng.normal(size=99), actual=rng.normal(size=99)),
    }[task]
    found = evaluate(ModelSpec(task), rows)

    assert set(found) <= set(KPIS[task])
    for value, low, high in found.values():
        assert low <= value <= high


def test_one_missing_score_or_prediction_leaves_out_its_row_only():
    score, prediction = SCORE.copy(), text(P)
    score[0], prediction[1] = np.nan, None

    found = evaluate(BINARY, binary(score=score, prediction=prediction))

    assert found["roc_auc"][0] == pytest.approx(metrics.roc_auc_score(Y[1:], SCORE[1:]))
    assert found["accuracy"][0] == pytest.approx(np.delete(Y == P, 1).mean())


def test_a_score_that_is_no_probability_ranks_but_is_not_calibrated():
    found = evaluate(BINARY, binary(score=SCORE * 10))

    assert found["roc_auc"][0] == pytest.approx(metrics.roc_auc_score(Y, SCORE))
    assert not {"log_loss", "brier", "ece"} & set(found)


def test_the_positive_label_is_the_specs():
    named = np.array(["good", "bad"], object)
    rows = binary(actual=named[Y.astype(int)], prediction=named[P.astype(int)])

    found = evaluate(replace(BINARY, positive_label="bad"), rows)

    assert found["recall"][0] == pytest.approx(metrics.recall_score(Y, P))


def test_one_class_alone_has_no_ranking():
    found = evaluate(BINARY, binary(actual=text(np.ones(400))))

    assert not {"roc_auc", "pr_auc", "specificity"} & set(found)
    assert "accuracy" in found


def test_certain_errors_and_zeros_stay_finite():
    wrong = evaluate(BINARY, binary(score=1.0 - Y))
    zeros = evaluate(NUMBER, sample(prediction=np.ones(50), actual=np.zeros(50)))

    assert 30 < wrong["log_loss"][0] < 35
    assert set(zeros) == {"mae", "mse", "rmse"}


def test_rows_without_anything_to_compare_have_no_kpi():
    assert evaluate(BINARY, sample(actual=text(Y))) == {}
    assert evaluate(MANY, sample(actual=text(Y))) == {}
    assert evaluate(NUMBER, sample(actual=np.ones(50))) == {}


def test_a_class_that_no_score_names_counts_as_impossible():
    rows = sample(
        prediction=np.array(["a"] * 40, object),
        actual=np.array(["a"] * 39 + ["z"], object),
        scores={"a": np.full(40, 0.9), "b": np.full(40, 0.1)},
    )

    assert evaluate(MANY, rows)["log_loss"][0] == pytest.approx(
        (39 * -np.log(0.9) + 34.54) / 40, abs=0.01
    )
