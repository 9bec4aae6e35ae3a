"""Bodies that disturb each other when they are read together do not stop folding."""

from concurrent.futures import Future
from datetime import timedelta

import pyarrow as pa
from builders import actual, body, predictions, sent, store_with

from monitor.core.rows import Body, Kind

ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"


def folded(store, content, media_type):
    """The answer, once the rows can be read."""
    done = store.predictions.append("m", Kind.PREDICTIONS, Body(content, media_type)).result(10)
    store.predictions.wait_folded(timedelta(seconds=20))
    return done


def stream(*batches):
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=False)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def coded(words, ids):
    codes = pa.array(range(len(words)), pa.int8())
    column = pa.DictionaryArray.from_arrays(codes, pa.array(words))
    return pa.record_batch({"prediction_id": ids, "features.c": column})


def test_lines_that_are_no_rows_at_the_door_are_none_in_the_fold(tmp_path):
    store = store_with(tmp_path)
    sent(store, predictions(3))
    one = b'{"features":{"age":1}}\n'
    for lines in (
        b'{\n"features":{"age":1}}\n',
        b'{"features":{"age":1}} {"features":{"age":2}}\n',
    ):
        done = folded(store, one + lines, NDJSON)
        assert (done.accepted, len(done.rejected)) == (1, lines.count(b"\n"))
    assert sent(store, predictions(2, 50)).accepted == 2
    store.close()


def test_dictionaries_that_do_not_go_together_are_read_all_the_same(tmp_path):
    store = store_with(tmp_path)
    first = coded([f"a{i}" for i in range(100)], [f"x{i}" for i in range(100)])
    second = coded([f"b{i}" for i in range(100)], [f"y{i}" for i in range(100)])
    third = coded([f"c{i}" for i in range(100)], [f"z{i}" for i in range(100)])
    bodies = [stream(first), stream(second)]
    done = [
        store.predictions.append("m", Kind.PREDICTIONS, Body(content, ARROW)) for content in bodies
    ]
    assert [d.result(10).accepted for d in done] == [100, 100]
    store.predictions.wait_folded(timedelta(seconds=20))
    assert folded(store, stream(third, coded(["d"] * 100, [f"w{i}" for i in range(100)])), ARROW)

    rows = store.predictions.by_id("m", ["x7", "y8", "z9", "w1"])

    assert [row["features"]["c"] for row in rows] == ["a7", "b8", "c9", "d"]
    store.close()


def test_a_sender_that_cannot_be_told_does_not_stop_the_others(tmp_path):
    store = store_with(tmp_path)

    def broken(done):
        raise ZeroDivisionError

    store.predictions.submit("m", Kind.PREDICTIONS, body(predictions(1)), broken)
    store.predictions.flush()

    assert sent(store, predictions(1, 7)).accepted == 1
    assert sent(store, predictions(1)).duplicates == 1
    assert store.door.intake().queued_rows == 0
    store.close()


def test_what_is_about_to_be_written_cannot_be_cancelled(tmp_path):
    store = store_with(tmp_path)

    future = store.predictions.append("m", Kind.PREDICTIONS, body(predictions(1)))

    assert isinstance(future, Future)
    assert not future.cancel()
    assert future.result(10).accepted == 1
    store.close()


def test_actuals_alone_leave_nothing_behind(tmp_path):
    store = store_with(tmp_path)
    for number in range(20):
        sent(store, [actual(number, 1)], Kind.ACTUALS)

    assert not store.door._seen("m")._chunks
    store.close()


def test_places_to_look_at_stay_few_while_rows_keep_coming(tmp_path):
    store = store_with(tmp_path)
    seen = store.door._seen("m")
    ids = [[f"{step}-{i}" for i in range(40)] for step in range(30)]
    from monitor.store.seen import hashes_of

    seen.wrote(ids[0], hashes_of(ids[0]), 40)
    for step in range(29):  # the next group is always written before the last one is folded
        seen.wrote(ids[step + 1], hashes_of(ids[step + 1]), 40 * (step + 2))
        seen.folded(40 * (step + 1), (40 * step, 40 * (step + 1)))

    assert seen._first is not None
    assert seen._first >= 40 * 27
    store.close()
