"""A call is logged as it was asked, and what cannot be read is counted."""

import numpy as np
import pytest
from watchkeeper.answers import answers_of
from watchkeeper.calls import Call
from watchkeeper.columns import columns_of, rows_in


def test_a_call_is_logged_as_it_was_asked(collector, connect):
    client, rows = connect(), {"a": np.array([1.0, 2.0]), "b": [[1], [2]]}
    call = Call(client, "test", lambda: columns_of(rows), 2)
    rows["a"][:] = 9
    rows["b"][0].append(9)

    call.answered(lambda: answers_of([0, 1], call.rows))

    assert client.flush(5)
    logged = [(row["features"], row["prediction"]) for row in collector.predictions.values()]
    assert logged == [({"a": 1.0, "b": [1]}, 0), ({"a": 2.0, "b": [2]}, 1)]


def test_a_call_that_is_never_answered_is_not_counted(connect):
    client = connect()

    Call(client, "test", lambda: columns_of(np.ones((2, 2, 2))), 2)

    assert client.counters.logged == 0


@pytest.mark.parametrize(
    ("asked", "answer"), [(np.ones((2, 2, 2)), [1, 2]), ([1, 2], [1, 2, 3]), ([1, 2], 1 / 3)]
)
def test_a_call_that_cannot_be_read_is_counted_by_its_rows(connect, asked, answer):
    client = connect()
    call = Call(client, "test", lambda: columns_of(asked), rows_in(asked))

    call.answered(lambda: answers_of(answer, call.rows))

    assert client.counters.dropped == client.counters.logged == 2
