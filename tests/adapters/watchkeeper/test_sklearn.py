"""Real estimators answer as before, and each row is logged."""

import copy

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost
from scipy.sparse import csr_matrix
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from watchkeeper.sklearn import Monitored


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    return pd.DataFrame({"age": rng.normal(size=60), "timestamp": rng.normal(size=60)})


def classes(rows, names):
    return np.array(names)[np.digitize(rows["age"], np.linspace(-0.5, 0.5, len(names) - 1))]


@pytest.mark.parametrize("size", [1, 60])
def test_predictions_are_the_estimators_and_each_row_is_logged(collector, connect, rows, size):
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    estimator.fit(rows, classes(rows, ["no", "yes"]))
    monitored = Monitored(estimator, connect())
    asked = rows[:size]

    answers = monitored.predict(asked)

    assert (answers == estimator.predict(asked)).all()
    assert monitored.client.flush(5)
    got = list(collector.predictions.values())
    assert [row["prediction"] for row in got] == answers.tolist()
    assert [row["features"] for row in got] == asked.to_dict("records")


@pytest.mark.parametrize("size", [1, 60])
def test_the_score_of_two_classes_is_that_of_the_second(collector, connect, rows, size):
    estimator = LogisticRegression().fit(rows, classes(rows, [0, 1]))
    monitored = Monitored(estimator, connect())
    ids = [f"r{i}" for i in range(size)]

    answers = monitored.predict_proba(rows[:size], prediction_ids=ids)

    assert np.array_equal(answers, estimator.predict_proba(rows[:size]))
    assert monitored.client.flush(5)
    got = [collector.predictions[row_id] for row_id in ids]
    assert [row["score"] for row in got] == answers[:, 1].tolist()
    assert [row["prediction"] for row in got] == estimator.predict(rows[:size]).tolist()


@pytest.mark.parametrize("size", [1, 60])
def test_the_score_of_more_classes_names_each(collector, connect, rows, size):
    estimator = LogisticRegression().fit(rows, classes(rows, ["a", "b", "c"]))
    monitored = Monitored(estimator, connect())

    answers = monitored.predict_proba(rows[:size])

    assert monitored.client.flush(5)
    first = next(iter(collector.predictions.values()))
    assert first["score"] == dict(zip("abc", answers[0].tolist(), strict=True))
    assert first["prediction"] == estimator.predict(rows[:1])[0]


@pytest.mark.parametrize("kind", ["array", "list", "named"])
def test_rows_without_a_frame_have_names_too(collector, connect, rows, kind):
    fitted_on = rows if kind == "named" else rows.to_numpy()
    estimator = LinearRegression().fit(fitted_on, rows["age"] * 2)
    monitored = Monitored(estimator, connect())
    asked = rows if kind == "named" else rows.to_numpy()

    monitored.predict(asked[:2].tolist() if kind == "list" else asked[:2])

    assert monitored.client.flush(5)
    names = {tuple(row["features"]) for row in collector.predictions.values()}
    assert names == {("age", "timestamp") if kind == "named" else ("x0", "x1")}


def test_rows_are_logged_as_they_were_even_if_the_estimator_changes_them(collector, connect, rows):
    estimator = make_pipeline(StandardScaler(copy=False), LinearRegression())
    given = rows.to_numpy().copy()
    estimator.fit(given.copy(), rows["age"])
    monitored = Monitored(estimator, connect())

    monitored.predict(given)

    assert not np.array_equal(given, rows.to_numpy()), "it did change them"
    assert monitored.client.flush(5)
    logged = [list(row["features"].values()) for row in collector.predictions.values()]
    assert logged == rows.to_numpy().tolist()


@pytest.mark.parametrize("framework", [lightgbm.LGBMClassifier, xgboost.XGBClassifier])
@pytest.mark.parametrize("names", [[0, 1], [0, 1, 2]])
def test_classifiers_of_lightgbm_and_xgboost_are_logged(collector, connect, rows, framework, names):
    quiet = {"verbose": -1} if framework is lightgbm.LGBMClassifier else {}
    estimator = framework(n_estimators=5, n_jobs=1, **quiet).fit(rows, classes(rows, names))
    monitored = Monitored(estimator, connect())
    ids = [f"r{i}" for i in range(60)]

    chances = monitored.predict_proba(rows, prediction_ids=ids)
    answers = monitored.predict(rows[:3])

    assert np.array_equal(chances, estimator.predict_proba(rows))
    assert np.array_equal(answers, estimator.predict(rows[:3]))
    assert monitored.client.flush(5)
    got = [collector.predictions[row_id] for row_id in ids]
    assert [row["features"] for row in got] == rows.to_dict("records")
    assert [row["prediction"] for row in got] == estimator.predict(rows).tolist()
    if len(names) == 2:
        assert [row["score"] for row in got] == chances[:, 1].tolist()
    else:
        assert got[0]["score"] == dict(zip("012", chances[0].tolist(), strict=True))
    assert monitored.client.counters.accepted == 63


@pytest.mark.parametrize("framework", [lightgbm.LGBMRegressor, xgboost.XGBRegressor])
def test_regressors_of_lightgbm_and_xgboost_are_logged(collector, connect, rows, framework):
    quiet = {"verbose": -1} if framework is lightgbm.LGBMRegressor else {}
    estimator = framework(n_estimators=5, n_jobs=1, **quiet).fit(rows, rows["age"])
    monitored = Monitored(estimator, connect())

    answers = monitored.predict(rows)

    assert monitored.client.flush(5)
    got = list(collector.predictions.values())
    assert [row["prediction"] for row in got] == answers.tolist()
    assert list(got[0]["features"]) == ["age", "timestamp"]


def test_a_frame_of_polars_is_logged(collector, connect, rows):
    estimator = LinearRegression().fit(rows, rows["age"])
    monitored = Monitored(estimator, connect())

    monitored.predict(pl.DataFrame(rows.to_dict("list")))

    assert monitored.client.flush(5)
    logged = [row["features"] for row in collector.predictions.values()]
    assert logged == rows.to_dict("records")


def test_a_sparse_matrix_is_answered_and_counted(collector, connect, rows):
    estimator = LinearRegression().fit(rows.to_numpy(), rows["age"])
    monitored = Monitored(estimator, connect())

    answers = monitored.predict(csr_matrix(rows.to_numpy()))

    assert answers.shape == (60,)
    assert monitored.client.counters.dropped == 60


def test_it_passes_for_the_estimator(connect, rows):
    estimator = LogisticRegression().fit(rows, classes(rows, [0, 1]))
    monitored = Monitored(estimator, connect())

    check_is_fitted(monitored)
    assert is_classifier(monitored)
    assert not is_regressor(monitored)
    assert monitored.score(rows, classes(rows, [0, 1])) > 0.9
    assert monitored.coef_ is estimator.coef_
    assert not hasattr(monitored, "transform")
    assert copy.copy(monitored).estimator is estimator


def test_an_error_of_the_estimator_passes(connect, rows):
    monitored = Monitored(LinearRegression().fit(rows.to_numpy(), rows["age"]), connect())

    with pytest.raises(ValueError, match="features"):
        monitored.predict(np.zeros((2, 5)))
    assert monitored.client.counters.logged == 0
