"""Settings of the service: defaults, then a file, then WATCHKEEPER_* variables, then flags."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from monitor.core.errors import SettingError, SpecError, nearest
from monitor.core.spec import span, span_text

LOG_LEVELS = ("debug", "info", "warning", "error")
_PREFIX = "WATCHKEEPER_"
_KEYS = "keys.json"  # as `watchkeeper key` calls it
_LAST_PORT = 65_535
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one service needs to know.

    data_dir        where everything is kept
    host, port      where it listens; port 0 takes a free one
    api_keys        bearer tokens that may speak to it; none: anyone who reaches it
    insecure        listen beyond this machine although there are no keys
    round_every     how often the engine looks for windows that are due
    idle            how long no row must come before the last window counts as over
    max_body_bytes  the largest body, as sent and unpacked
    log_level       debug, info, warning or error
    notify_webhook  address that is told of incidents; signed where there is a notify_secret
    notify_slack    address of an incoming webhook of Slack, or of what speaks like it
    notify_smtp     host:port of a server that takes e-mail from notify_from to notify_to;
                    notify_smtp_user and notify_smtp_password log in, notify_smtp_tls upgrades first
    notify_per_hour the most messages an hour that each of them is sent
    """

    data_dir: Path = Path("watchkeeper-data")
    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = ()
    insecure: bool = False
    round_every: timedelta = timedelta(seconds=2)
    idle: timedelta = timedelta(seconds=60)
    max_body_bytes: int = 256 << 20
    log_level: str = "info"
    notify_webhook: str = ""
    notify_secret: str = ""
    notify_slack: str = ""
    notify_smtp: str = ""
    notify_smtp_user: str = ""
    notify_smtp_password: str = ""
    notify_smtp_tls: bool = False
    notify_from: str = "watchkeeper@localhost"
    notify_to: tuple[str, ...] = ()
    notify_per_hour: int = 30


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """The settings that hold. Flags that are None were not given.

    Raises SettingError for a name nobody knows, a value of the wrong kind, or an address that is
    open to others while anyone may speak.
    """
    known = {f.name: f.default for f in fields(Settings)}
    values: dict[str, Any] = {}
    for source in (_from_file(file), _from_environment(environment or {}), flags or {}):
        for name, value in source.items():
            if name not in known:
                raise SettingError(name, f"unknown; {nearest(name, known)}known: {_listed(known)}")
            if value is not None:
                values[name] = _read(name, known[name], value)
    settings = Settings(**values)
    _check(settings)
    keyed = settings.api_keys or (settings.data_dir / _KEYS).exists()
    if not keyed and not settings.insecure and not is_loopback(settings.host):
        raise SettingError(
            "host",
            f"{settings.host} can be reached by others and no key is asked for; set "
            "WATCHKEEPER_API_KEYS, make a key with `watchkeeper key add`, or pass --insecure if "
            "that is what you want",
        )
    return settings


def _check(settings: Settings) -> None:
    """Raises SettingError for a value that its setting cannot have."""
    least = timedelta(milliseconds=1)
    rules = {
        "port": (0 <= settings.port <= _LAST_PORT, f"must lie within 0 and {_LAST_PORT}"),
        "round_every": (least <= settings.round_every <= _LONGEST, "must lie within 1ms and 366d"),
        "idle": (timedelta() <= settings.idle <= _LONGEST, "must lie within 0s and 366d"),
        "max_body_bytes": (settings.max_body_bytes >= 1, "must be 1 or more"),
        "notify_per_hour": (settings.notify_per_hour >= 1, "must be 1 or more"),
        "notify_smtp": (_is_server(settings.notify_smtp), "must be host:port"),
        "notify_to": (
            bool(settings.notify_to) or not settings.notify_smtp,
            "must name somebody where there is a notify_smtp",
        ),
        **{
            name: (not value or value.startswith(("http://", "https://")), "must be http(s)://…")
            for name, value in (
                ("notify_webhook", settings.notify_webhook),
                ("notify_slack", settings.notify_slack),
            )
        },
        "log_level": (
            settings.log_level.lower() in LOG_LEVELS,
            f"must be one of {', '.join(LOG_LEVELS)}",
        ),
    }
    for name, (holds, said) in rules.items():
        if not holds:
            value = getattr(settings, name)
            shown = span_text(value) if isinstance(value, timedelta) else str(value)
            raise SettingError(name, f"{said}; got {shown!r}")


def _is_server(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return not text or (bool(host) and port.isdecimal() and 0 < int(port) <= _LAST_PORT)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(known: Mapping[str, object]) -> str:
    return ", ".join(sorted(known))


def _from_file(file: Path | None) -> Mapping[str, object]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text())
    except OSError as problem:
        raise SettingError("config", f"cannot read {file}: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingError("config", f"{file} is no TOML: {problem}") from problem


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, object]:
    """Variables of ours that name a setting; others may be for the client or for compose."""
    known = {f"{_PREFIX}{f.name.upper()}": f.name for f in fields(Settings)}
    return {known[name]: value for name, value in environment.items() if name in known}


def _read(name: str, default: object, value: object) -> object:
    try:
        match default:
            case bool():
                return _truth(value)
            case int():
                return int(str(value))
            case timedelta():
                return span(str(value))
            case tuple():
                parts = value.split(",") if isinstance(value, str) else _list(value)
                return tuple(part.strip() for part in parts if part.strip())
            case Path():
                return Path(str(value))
            case _:
                return str(value)
    except (ValueError, TypeError, SpecError) as problem:
        raise SettingError(name, f"cannot read {value!r}: {problem}") from problem


def _truth(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return words[str(value).lower()]
    except KeyError:
        raise ValueError("say true or false") from None


def _list(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise TypeError("give a list")
    return [str(part) for part in value]
