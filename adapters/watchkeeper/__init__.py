"""The client of Watchkeeper: logs what a model answered, and never slows it down."""

from watchkeeper.client import Client
from watchkeeper.counters import Counters
from watchkeeper.monitoring import monitor
from watchkeeper.sender import Limits

__all__ = ["Client", "Counters", "Limits", "monitor"]
