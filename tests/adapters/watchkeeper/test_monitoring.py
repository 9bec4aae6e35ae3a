"""A decorated function does what it did, and its calls are logged."""

import asyncio
import inspect

import pytest
import watchkeeper


def only(collector):
    (row,) = collector.predictions.values()
    return row


@pytest.fixture
def monitor(connect):
    client = connect()
    return lambda **settings: watchkeeper.monitor(model="loans", client=client, **settings)


def test_a_call_is_logged_with_its_arguments_by_name_and_its_time(collector, monitor):
    @monitor()
    def predict(age, income=3, *, city="here"):
        return age > income

    assert predict(41, city="there") is True
    assert predict.client.flush(5)
    row = only(collector)
    assert row["features"] == {"age": 41, "income": 3, "city": "there"}
    assert row["prediction"] is True
    assert 0 <= row["latency_ms"] < 1000


def test_an_only_argument_that_is_a_mapping_is_the_features(collector, monitor):
    @monitor()
    def predict(row):
        return {"prediction": 1, "score": 0.75, "prediction_id": "mine", "explanation": "long"}

    result = predict({"age": 41})

    assert result["explanation"] == "long"
    assert predict.client.flush(5)
    row = only(collector)
    assert row["features"] == {"age": 41}
    assert (row["prediction"], row["score"], row["prediction_id"]) == (1, 0.75, "mine")


def test_keywords_without_names_are_features(collector, monitor):
    @monitor()
    def predict(**features):
        return 1

    predict(age=41, income=3)

    assert predict.client.flush(5)
    assert only(collector)["features"] == {"age": 41, "income": 3}


def test_a_method_is_logged_without_its_object(collector, monitor):
    class Model:
        @monitor()
        def predict(self, age):
            return age

    assert Model().predict(41) == 41
    assert Model.predict.client.flush(5)
    assert only(collector)["features"] == {"age": 41}


def test_a_coroutine_function_stays_one_and_is_logged_when_it_has_answered(collector, monitor):
    @monitor()
    async def predict(age):
        await asyncio.sleep(0.02)
        return age + 1

    assert inspect.iscoroutinefunction(predict)
    assert asyncio.run(predict(41)) == 42
    assert predict.client.flush(5)
    row = only(collector)
    assert row["prediction"] == 42
    assert row["latency_ms"] >= 15


def test_an_error_of_the_function_passes_and_is_no_prediction(collector, monitor):
    @monitor()
    def predict(age):
        raise KeyError(age)

    with pytest.raises(KeyError):
        predict(41)
    assert predict.client.counters.logged == 0


def test_readers_of_ones_own_find_features_and_answer(collector, monitor):
    @monitor(
        features=lambda request: request["rows"][0],
        answer=lambda result: {"prediction": result[0], "score": result[1]},
    )
    def predict(request):
        return ("yes", 0.9)

    assert predict({"rows": [{"age": 41}]}) == ("yes", 0.9)
    assert predict.client.flush(5)
    row = only(collector)
    assert (row["features"], row["prediction"], row["score"]) == ({"age": 41}, "yes", 0.9)


@pytest.mark.parametrize(
    "readers",
    [
        {"features": lambda age: 1 / 0},
        {"answer": lambda result: 1 / 0},
        {"answer": lambda result: {"surprise": 1}},
    ],
)
def test_a_reader_that_fails_is_counted_and_the_answer_still_given(collector, monitor, readers):
    @monitor(**readers)
    def predict(age):
        return age

    assert predict(41) == 41
    assert predict.client.counters.dropped == 1


def test_a_wrong_call_fails_as_it_did(monitor):
    @monitor()
    def predict(age):
        return age

    with pytest.raises(TypeError, match="unexpected keyword"):
        predict(41, height=2)


def test_features_are_logged_as_they_were_before_the_call(collector, monitor):
    @monitor()
    def predict(row):
        row["age"] = 0
        return 1

    predict({"age": 41})

    assert predict.client.flush(5)
    assert only(collector)["features"] == {"age": 41}


def test_the_function_keeps_its_name_and_the_address_comes_from_outside(monkeypatch):
    monkeypatch.setenv("WATCHKEEPER_URL", "http://elsewhere:1")

    @watchkeeper.monitor(model="loans")
    def predict(age):
        """Says yes."""

    assert (predict.__name__, predict.__doc__) == ("predict", "Says yes.")
    assert predict.client.url == "http://elsewhere:1"
