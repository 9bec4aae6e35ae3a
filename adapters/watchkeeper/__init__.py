"""The client of Watchkeeper: logs what a model answered, and never slows it down."""

from typing import Any

from watchkeeper.client import Client
from watchkeeper.counters import Counters
from watchkeeper.limits import Limits
from watchkeeper.monitoring import monitor

__all__ = ["Client", "Counters", "Limits", "monitor"]


def __getattr__(name: str) -> Any:
    """The version, for those who ask: MLflow does. Nobody else pays for looking it up."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import metadata  # noqa: PLC0415 - as said

    return metadata.version("watchkeeper")
