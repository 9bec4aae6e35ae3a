"""Ways to tell people: a signed webhook, Slack and what speaks like it, e-mail."""

import hashlib
import hmac
import json
import smtplib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from http import HTTPStatus
from typing import ClassVar

import httpx

from monitor.core.decisions import Incident
from monitor.notify.words import document, subject, text

TIMEOUT_SECONDS = 10.0
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class DeliveryError(Exception):
    """It was not taken; `passing` says that a repeat may succeed."""

    def __init__(self, problem: str, *, passing: bool) -> None:
        super().__init__(problem)
        self.passing = passing


class Channel(ABC):
    """One way to tell people."""

    name: ClassVar[str]

    @abstractmethod
    def tell(self, incident: Incident, event: str, now: datetime) -> None:
        """Return once it was taken. Raises DeliveryError."""


@dataclass(frozen=True, slots=True)
class Webhook(Channel):
    """POSTs a document, signed where there is a secret.

    `X-Watchkeeper-Signature: t=SECONDS,v1=HEX` holds the HMAC-SHA256 (RFC 2104) of
    `SECONDS.BODY`; `X-Watchkeeper-Delivery` names the event, the same in each attempt.
    """

    url: str
    secret: str = ""
    name: ClassVar[str] = "webhook"

    def tell(self, incident: Incident, event: str, now: datetime) -> None:
        """Return once it was answered with 2xx."""
        body = document(incident, event, now)
        headers = {
            "Content-Type": "application/json",
            "X-Watchkeeper-Delivery": f"{incident.id}/{event}",
        }
        if self.secret:
            headers["X-Watchkeeper-Signature"] = signature(self.secret, body, now)
        _post(self.url, body, headers)


@dataclass(frozen=True, slots=True)
class Slack(Channel):
    """POSTs `{"text": …}`, as Slack, Mattermost and Rocket.Chat take it."""

    url: str
    name: ClassVar[str] = "slack"

    def tell(self, incident: Incident, event: str, now: datetime) -> None:  # noqa: ARG002
        """Return once it was answered with 2xx."""
        body = json.dumps({"text": text(incident, event)}).encode()
        _post(self.url, body, {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Email(Channel):
    """Sends a message by SMTP; `tls` upgrades the connection first (STARTTLS, RFC 3207)."""

    host: str
    port: int
    sender: str
    to: Sequence[str]
    user: str = ""
    password: str = ""
    tls: bool = False
    name: ClassVar[str] = "email"

    def tell(self, incident: Incident, event: str, now: datetime) -> None:
        """Return once the server has taken it for at least one of the recipients."""
        message = EmailMessage()
        message["Subject"] = " ".join(subject(incident, event).split())
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Date"] = now
        message.set_content(text(incident, event))
        try:
            with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS) as server:
                if self.tls:
                    server.starttls()
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except smtplib.SMTPResponseException as problem:
            passing = 400 <= problem.smtp_code < 500
            raise DeliveryError(str(problem), passing=passing) from problem
        except smtplib.SMTPRecipientsRefused as problem:
            raise DeliveryError(f"no recipient was taken: {problem}", passing=False) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise DeliveryError(f"{self.host}:{self.port}: {problem}", passing=True) from problem


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The signature of a body sent now.

    >>> from datetime import UTC
    >>> signature("s", b"{}", datetime(2026, 1, 1, tzinfo=UTC))[:26]
    't=1767225600,v1=ba9170a554'
    """
    seconds = int(now.timestamp())
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={signed.hexdigest()}"


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError as problem:
        raise DeliveryError(f"cannot be reached: {problem}", passing=True) from problem
    except (httpx.InvalidURL, ValueError) as problem:
        raise DeliveryError(f"no address: {problem}", passing=False) from problem
    if not answer.is_success:
        code = answer.status_code
        raise DeliveryError(f"answered {code}", passing=code >= 500 or code in _PASSING)
