"""The server is told of each dropped row once."""

import pytest

ROW = {f"x{i}": i + 0.5 for i in range(17)} | {"gender": "Female", "note": "", "known": True}


def test_the_server_is_told_of_rows_that_were_dropped_here_once(collector, connect):
    client = connect()

    client.actual("a1", None)
    client.actual("a2", None)
    for _ in range(2):
        client.log(ROW)
        assert client.flush(5)

    assert told(collector) == ["2", None]


def told(collector):
    """What each request said of dropped rows."""
    return [headers.get("Watchkeeper-Client-Dropped") for _, headers, _ in collector.requests]


@pytest.mark.parametrize("trouble", [503, 429, "hang up", 404, 413])
def test_what_a_failed_request_told_of_dropped_rows_is_told_again(collector, connect, trouble):
    """The service counts them when it takes a body, so they are told until it has."""
    client = connect()
    collector.then.append(trouble)
    client.actual("a1", None)

    client.log(ROW)
    for _ in range(3):  # each flush asks at once; a row of its own, should the first be lost
        client.flush(2)
        client.log(ROW)

    assert client.flush(5)
    heard = [number for number in told(collector) if number]
    dropped = client.counters.dropped
    assert heard[0] == "1"
    taken = told(collector)[1:]
    assert sum(int(number or 0) for number in taken) == dropped


def test_rows_dropped_while_a_request_is_under_way_are_told_by_the_next(collector, connect):
    client = connect()

    def meanwhile(handler, body):
        client.actual("a2", None)

    collector.then.append(meanwhile)
    client.actual("a1", None)
    client.log(ROW)
    assert client.flush(5)
    client.log(ROW)

    assert client.flush(5)
    assert told(collector) == ["1", "1"]
