"""Many rows become few bodies; a row that breaks alone is told of, and the others go on."""

import json

import pytest
from watchkeeper.bodies import actual_bodies, frame_bodies
from watchkeeper.frames import FrameError, Names
from watchkeeper.wire import ARROW, JSON


def made(frame, rows, complain=pytest.fail):
    return list(frame_bodies(frame, Names(), [f"r{i}" for i in range(rows)], "3", complain))


@pytest.mark.parametrize(("rows", "media"), [(19, JSON), (20, ARROW)])
def test_the_form_depends_on_the_number_of_rows(rows, media):
    assert {body.media_type for body in made({"a": list(range(rows))}, rows)} == {media}


def test_a_row_that_breaks_alone_is_told_of_and_its_neighbours_go_on():
    told = []

    (body,) = made([{"a": 1}, 7, {"a": 2}], 3, told.append)

    assert [row["features"]["a"] for row in json.loads(body.body)] == [1, 2]
    assert [type(error) for error in told] == [FrameError]


def test_a_frame_is_written_whole_or_not_at_all():
    with pytest.raises(FrameError, match="unequal"):
        made({"a": [1, 2], "b": [1]}, 2)


def test_a_large_number_of_actuals_goes_in_several_bodies_and_in_order():
    ids = [f"r{i}" for i in range(1200)]

    bodies = list(actual_bodies(ids, list(range(1200)), None, pytest.fail))

    rows = [row for body in bodies for row in json.loads(body.body)]
    assert [row["prediction_id"] for row in rows] == ids
    assert [row["actual"] for row in rows] == list(range(1200))
    assert [body.rows for body in bodies] == [500, 500, 200]
