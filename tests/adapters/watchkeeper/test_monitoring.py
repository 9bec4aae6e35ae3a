"""A decorated function does what it did, and its calls are logged."""

import asyncio
import inspect

import numpy as np
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


def test_what_the_function_changes_deep_inside_is_logged_as_it_was(collector, monitor):
    @monitor()
    def predict(vector, deep):
        vector *= 0
        deep["list"].append(9)
        return 1

    predict(np.array([1.0, 2.0]), {"list": [1]})

    assert predict.client.flush(5)
    assert only(collector)["features"] == {"vector": [1.0, 2.0], "deep": {"list": [1]}}


def generator(age):
    yield age


async def asynchronous_generator(age):
    yield age


class Generator:
    def __call__(self, age):
        yield age


@pytest.mark.parametrize("function", [generator, asynchronous_generator, Generator()])
def test_a_generator_is_refused_with_the_reason(monitor, function):
    with pytest.raises(TypeError, match="is a generator, which answers bit by bit"):
        monitor()(function)


def test_an_iterator_that_a_function_returns_is_not_used_up(monitor):
    @monitor()
    def predict(age):
        return (age + i for i in range(3))

    assert list(predict(41)) == [41, 42, 43]
    assert predict.client.counters.dropped == 1


def test_static_and_class_methods_are_logged_in_either_order(collector, monitor):
    class Model:
        @monitor()
        @staticmethod
        def static(age):
            return ("static", age)

        @classmethod
        @monitor()
        def of_class(cls, age):
            return (cls.__name__, age)

        @monitor()
        @classmethod
        def also_of_class(cls, age):
            return (cls.__name__, age)

    assert Model.static(1) == Model().static(1) == ("static", 1)
    assert Model.of_class(2) == Model.also_of_class(2) == ("Model", 2)
    assert Model.static.client.flush(5)
    assert Model.also_of_class.client.flush(5)
    logged = [row["features"] for row in collector.predictions.values()]
    assert sorted(row["age"] for row in logged) == [1, 1, 2, 2]


def test_an_argument_that_is_not_first_may_be_called_cls(collector, monitor):
    @monitor()
    def predict(age, cls):
        return age

    predict(41, cls="economy")

    assert predict.client.flush(5)
    assert only(collector)["features"] == {"age": 41, "cls": "economy"}


def test_calls_at_the_same_time_do_not_mix(collector, monitor):
    @monitor()
    async def predict(age):
        await asyncio.sleep(0.01 * (age % 3))
        return age * 2

    async def all_of_them():
        return await asyncio.gather(*map(predict, range(20)))

    assert asyncio.run(all_of_them()) == [2 * age for age in range(20)]
    assert predict.client.flush(5)
    rows = collector.predictions.values()
    assert {(row["features"]["age"], row["prediction"]) for row in rows} == {
        (age, 2 * age) for age in range(20)
    }


def test_the_function_keeps_its_name_and_the_address_comes_from_outside(monkeypatch):
    monkeypatch.setenv("WATCHKEEPER_URL", "http://elsewhere:1")

    @watchkeeper.monitor(model="loans")
    def predict(age):
        """Says yes."""

    assert (predict.__name__, predict.__doc__) == ("predict", "Says yes.")
    assert predict.client.url == "http://elsewhere:1"
