"""Detectors of River as cores, each set so that it keeps a run length."""

import base64
import pickle
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from monitor.core.windows import Numbers

Made = Callable[[], Any]
"""A detector of River as it begins."""


class RiverCore:
    """One detector of River, value by value.

    River has no state but its objects, so the state holds them pickled, beside the version of
    River that can read them: another version has to learn anew. Only for states that this
    service wrote itself: a pickle runs code.
    """

    def __init__(self, made: Made) -> None:
        self._inner = made()

    def feed(self, values: Numbers) -> list[int]:
        """Learn values, shape (n,), each finite; where it alarmed. River starts afresh there."""
        found = []
        for index, value in enumerate(values.tolist()):
            self._inner.update(value)
            if self._inner.drift_detected:
                found.append(index)
        return found

    def to_state(self) -> dict[str, object]:
        """The pickled detector as text, and River's version."""
        held = base64.b64encode(pickle.dumps(self._inner, protocol=5)).decode()
        return {"river": version("river"), "pickle": held}

    def from_state(self, state: Mapping[str, object]) -> None:
        """Be as `to_state` said. Raises ValueError for a state of another version of River."""
        if state["river"] != version("river"):
            raise ValueError(f"the state was written with River {state['river']}")
        self._inner = pickle.loads(base64.b64decode(str(state["pickle"])))
