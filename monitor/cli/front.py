"""What answers on the port: there at once, and open when the house is."""

import errno
import logging
import threading
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.app import House, open_house
from monitor.core.errors import DataDirectoryError, UnavailableError, WatchkeeperError
from monitor.service.key_file import FILE, KeyFile
from monitor.service.keys import ApiKeys
from monitor.service.problems import problem
from monitor.settings import Settings

_LOG = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Front:
    """The ASGI application: there at once, and open when the house is.

    While the journal of an earlier life is folded, or a full disk does not let it be, /healthz says
    alive and everything else 503.
    `opened` is called when that is over; if the house cannot be opened, `failed` is, and `problem`
    says why.
    """

    def __init__(
        self,
        settings: Settings,
        opened: Callable[[], None] = lambda: None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._failed = failed
        self._opened = opened
        self._house: House | None = None
        self._why = "rows from before are still being folded"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._open, name="open")
        self.problem: WatchkeeperError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand over to the rooms."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif (house := self._house) is not None:
            await house.app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/healthz":
            await JSONResponse({"status": "alive"})(scope, receive, send)
        elif scope["type"] == "http":
            answer = problem(
                503,
                "Not ready",
                f"the service is starting: {self._why}",
                {"Retry-After": "1"},
            )
            await answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        message: Message = await receive()
        assert message["type"] == "lifespan.startup"
        self._thread.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        """Close the house, once: after a second Ctrl-C the server never comes to it."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        house, self._house = self._house, None
        if house is not None:
            house.close()

    def _open(self) -> None:
        try:
            self._house = self._opened_house()
        except WatchkeeperError as error:
            self.problem = error
            self._failed()
        except Exception as error:  # a fault of ours: it must end the start, not hang it
            _LOG.exception("the service cannot start")
            self.problem = DataDirectoryError(f"cannot start: {type(error).__name__}: {error}")
            self._failed()
        else:
            if self._house is not None:
                self._opened()

    def _opened_house(self) -> House | None:
        """The house, as soon as the disk has room for it; None where it is closed before that."""
        while not self._closing.is_set():
            try:
                return open_house(self._settings)
            except (UnavailableError, OSError) as error:
                if not isinstance(error, UnavailableError) and error.errno not in _PASSING:
                    raise
                if str(error) != self._why:
                    _LOG.warning("the service cannot start yet: %s", error)
                self._why = str(error)
                self._closing.wait(_AGAIN_SECONDS)
        return None


def keyed(front: ASGIApp, settings: Settings) -> ASGIApp:
    """The application for an ASGI server: keys are asked for before anything else."""
    file = KeyFile(settings.data_dir / FILE)
    return ApiKeys(front, settings.api_keys, file.digests)
