"""Traffic judged: windows with rows, empty ones between them, and those since the last row."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.detector import TrafficDetector
from monitor.core.findings import Measurement
from monitor.core.windows import Traffic, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Least(TrafficDetector):
    """Says how many of the rows of the fullest window before are lacking."""

    name = "quality.volume"

    def __init__(self) -> None:
        self.seen: list[tuple[Sequence[Traffic], Traffic]] = []

    def measure(self, spec, history, current):
        self.seen.append((history, current))
        most = max(t.rows for t in history)
        value = 1 - current.rows / most
        yield Measurement("fell", value, expected=0.0, p_value=0.0 if value > 0.9 else 1.0)


class Broken(TrafficDetector):
    """Raises."""

    name = "quality.volume"

    def measure(self, spec, history, current):
        raise RuntimeError("no luck")


def hour(n: int) -> Window:
    return Window(START + n * HOUR, START + (n + 1) * HOUR)


@pytest.fixture
def house(house):
    house.lag = 1.0
    return house


def alerts(house):
    return sorted((f.window, f.rows) for f in house.world.findings if f.alert)


def test_a_window_without_rows_is_judged_when_the_next_one_is(house):
    for n in (0, 1, 2, 4, 5):
        house.predict(hour(n), 40)
    house.lag = 1e9  # history that is loaded, not live traffic
    detector = Least()

    house.round([], traffic=[detector]).tick()

    assert alerts(house) == [(hour(3), 0)]
    assert [t.rows for t in detector.seen[2][0]] == [40, 40, 40]
    assert {f.version for f in house.world.findings} == {"1"}


def test_a_window_that_is_not_over_is_not_judged(house):
    house.predict(hour(0), 40)
    house.predict(hour(1), 1)
    house.now = hour(1).start + timedelta(minutes=2)
    made = house.round([], traffic=[Least()])

    made.check("m")

    assert alerts(house) == []


def test_live_traffic_that_ends_is_told_once_its_windows_are_over(house):
    for n in range(3):
        house.predict(hour(n), 40)
    made = house.round([], traffic=[Least()])
    house.now = START + 3 * HOUR + timedelta(minutes=30)
    made.tick()
    assert alerts(house) == []

    house.now = START + 5 * HOUR
    assert made.tick() > 0
    numbers = house.world.numbers
    assert made.tick() == 0

    assert alerts(house) == [(hour(3), 0), (hour(4), 0)]
    assert house.world.numbers == numbers
    house.now = START + 500 * HOUR
    made.tick()
    assert len(alerts(house)) == 6


def test_history_that_was_loaded_does_not_end(house):
    house.predict(hour(0), 40)
    house.lag = 1e9

    house.round([], traffic=[Least()]).tick()

    assert alerts(house) == []


def test_a_detector_that_raises_is_told_and_leaves_no_finding(house):
    house.predict(hour(0), 40)
    house.predict(hour(1), 40)
    house.predict(hour(2), 40)

    house.round([], traffic=[Broken()]).tick()

    assert ("quality.volume", True) in house.watched
    assert house.world.findings == []
