"""A damaged journal, and a second service: refused in one line, with the way on."""

import pytest
from builders import predictions
from click.testing import CliRunner
from nursery import free_port, nursery

from monitor.cli import watchkeeper

pytestmark = pytest.mark.slow


@pytest.fixture
def services():
    with nursery() as opened:
        yield opened


def opened(services, data_dir):
    return services.start(data_dir, free_port()).ready()


def test_a_damaged_journal_ends_the_start_in_one_line_and_repair_is_the_way_on(services, tmp_path):
    data_dir = tmp_path / "data"
    service = opened(services, data_dir)
    service.ask("PUT", "/v1/models/m", json={"task": "binary"})
    journal = data_dir / "journal" / f"{0:020d}.journal"
    ends = []
    for start in (0, 10, 20):
        service.ask("POST", "/v1/models/m/predictions", json=predictions(10, start))
        ends.append(journal.stat().st_size)
    service.kill()  # before the rows were folded
    broken = bytearray(journal.read_bytes())
    broken[ends[0] + 100] ^= 1
    journal.write_bytes(bytes(broken))
    said = service.log.stat().st_size

    assert services.start(data_dir, free_port()).wait() == 1
    (line,) = service.log.read_text()[said:].splitlines()
    assert line.startswith(
        f"watchkeeper: journal segment {journal} is damaged at byte {ends[0]}, before its end: "
        f"the next whole record begins at byte {ends[1]};"
    )

    command = line.partition("`watchkeeper ")[2].partition("`")[0].split()
    done = CliRunner().invoke(watchkeeper, command)
    assert done.exit_code == 0
    assert f"{journal}: bytes {ends[0]} to {ends[1]} were damaged" in done.output
    assert len(list((data_dir / "journal" / "damaged").iterdir())) == 1
    assert "nothing is damaged" in CliRunner().invoke(watchkeeper, command).output

    service = opened(services, data_dir)
    rows = service.ask("GET", "/v1/models/m/predictions")["items"]
    kept = [*range(10), *range(20, 30)]
    assert [row["prediction_id"] for row in rows] == [f"p{n}" for n in kept]
    again = service.ask("POST", "/v1/models/m/predictions", json=predictions(30))
    assert (again["accepted"], again["duplicates"]) == (10, 20)
    assert service.stop() == 0


def test_a_second_service_on_the_same_directory_is_refused_in_one_line(services, tmp_path):
    service = opened(services, tmp_path / "data")
    said = service.log.stat().st_size

    assert services.start(tmp_path / "data", free_port()).wait() == 1
    (line,) = service.log.read_text()[said:].splitlines()
    assert line == f"watchkeeper: another process uses {tmp_path / 'data'} already"
    assert service.ask("GET", "/readyz") == {"status": "ready"}
    assert service.stop() == 0
