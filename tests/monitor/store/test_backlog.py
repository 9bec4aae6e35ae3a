from monitor.store.backlog import Backlog


def test_rows_wait_from_when_they_are_written_until_all_of_their_group_is_folded():
    backlog = Backlog()
    assert (backlog.rows, backlog.oldest) == (0, None)

    backlog.wrote(100, 5, 1_000)
    backlog.wrote(250, 7, 2_000)
    assert (backlog.rows, backlog.oldest) == (12, 1_000)

    backlog.folded(249)
    assert (backlog.rows, backlog.oldest) == (7, 2_000)

    backlog.folded(250)
    assert (backlog.rows, backlog.oldest) == (0, None)
