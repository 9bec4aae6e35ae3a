"""Settings that cannot hold are refused in a sentence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import SettingError
from monitor.settings import Settings, load

_NAMES = st.sampled_from(["PORT", "ROUND_EVERY", "IDLE", "MAX_BODY_BYTES", "LOG_LEVEL"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "verbose"),
        ("LOG_LEVEL", ""),
        ("PORT", "99999"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("ROUND_EVERY", "0s"),
        ("ROUND_EVERY", "400d"),
        ("ROUND_EVERY", "soon"),
        ("IDLE", "400d"),
        ("MAX_BODY_BYTES", "-5"),
        ("MAX_BODY_BYTES", "0"),
    ],
)
def test_a_setting_that_cannot_hold_is_refused_by_its_name(name, value):
    with pytest.raises(SettingError, match=f"setting {name.lower()}: ") as problem:
        load(environment={f"WATCHKEEPER_{name}": value})
    assert repr(value) in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("PORT", "65535", 65535),
        ("PORT", "0", 0),
        ("LOG_LEVEL", "DEBUG", "DEBUG"),
        ("ROUND_EVERY", "10ms", timedelta(milliseconds=10)),
        ("IDLE", "0s", timedelta()),
        ("MAX_BODY_BYTES", "1", 1),
    ],
)
def test_the_ends_of_what_can_hold_do(name, value, held):
    settings = load(environment={f"WATCHKEEPER_{name}": value})

    assert getattr(settings, name.lower()) == held


@given(_NAMES, st.text(max_size=12))
def test_no_text_does_anything_but_set_or_refuse(name, value):
    try:
        assert isinstance(load(environment={f"WATCHKEEPER_{name}": value}), Settings)
    except SettingError as problem:
        assert name.lower() in str(problem)


def test_the_file_is_held_against_the_same_rules(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("port = 70000\n")

    with pytest.raises(SettingError, match="port: must lie within"):
        load(file)
    assert load(file, flags={"port": 8000}).port == 8000
