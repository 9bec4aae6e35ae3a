"""Channels against real receivers: what arrives, and which failures may pass."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from receivers import mailbox, receiver

from monitor.core.decisions import Cause, Incident, IncidentState
from monitor.core.findings import Severity
from monitor.core.windows import Window
from monitor.notify.channels import DeliveryError, Email, Slack, Webhook

NOW = datetime(2026, 3, 1, 13, tzinfo=UTC)
INCIDENT = Incident(
    "loans-4",
    "loans",
    "3",
    IncidentState.OPEN,
    Severity.CRITICAL,
    "Bad data in age",
    Window(NOW - timedelta(hours=1), NOW),
    NOW,
    causes=[Cause("age: missing in 12 % of rows", 0.9, "quality.missing", "age")],
    note="a\nnote",
)


def test_a_webhook_is_signed_and_named():
    with receiver() as kept:
        Webhook(kept.address, "secret").tell(INCIDENT, "opened", NOW)

    (body,), (headers,) = kept.bodies, kept.headers
    told = json.loads(body)
    assert (told["event"], told["incident"]["id"]) == ("opened", "loans-4")
    assert told["incident"]["causes"][0]["feature"] == "age"
    assert headers["X-Watchkeeper-Delivery"] == told["delivery"] == "loans-4/opened"
    stamp, signed = headers["X-Watchkeeper-Signature"].split(",")
    seconds = stamp.removeprefix("t=")
    assert int(seconds) == NOW.timestamp()
    expected = hmac.new(b"secret", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert signed == f"v1={expected}"


def test_slack_gets_a_text_and_no_signature():
    with receiver() as kept:
        Slack(kept.address).tell(INCIDENT, "opened", NOW)

    said = json.loads(kept.bodies[0])["text"]
    assert said.startswith("[critical] loans: Bad data in age (opened)")
    assert "age: missing in 12 % of rows" in said
    assert "X-Watchkeeper-Signature" not in kept.headers[0]


@pytest.mark.parametrize(
    ("status", "passing"), [(500, True), (503, True), (429, True), (404, False), (302, False)]
)
def test_an_answer_that_is_no_success_is_a_failure_that_may_pass_or_not(status, passing):
    with receiver() as kept:
        kept.answers.append(status)
        with pytest.raises(DeliveryError, match=str(status)) as failure:
            Webhook(kept.address).tell(INCIDENT, "opened", NOW)

    assert failure.value.passing is passing


def test_nobody_there_may_pass_and_no_address_does_not():
    with receiver() as kept:
        pass
    with pytest.raises(DeliveryError, match="cannot be reached") as away:
        Webhook(kept.address).tell(INCIDENT, "opened", NOW)
    with pytest.raises(DeliveryError) as wrong:
        Slack("http://host:port").tell(INCIDENT, "opened", NOW)

    assert away.value.passing
    assert not wrong.value.passing


def email(kept):
    host, _, port = kept.address.partition(":")
    return Email(host, int(port), "watch@example.org", ["a@example.org", "b@example.org"])


def test_an_email_says_what_happened():
    with mailbox() as kept:
        email(kept).tell(replace(INCIDENT, title="Bad\r\nBcc: x"), "reopened 1", NOW)

    message = kept.bodies[0].decode()
    assert "Subject: [critical] loans: Bad Bcc: x (reopened)" in message.replace("\r\n ", " ")
    assert "To: a@example.org, b@example.org" in message
    assert "age: missing in 12 % of rows" in message


@pytest.mark.parametrize(("code", "passing"), [(550, False)])
def test_a_server_that_takes_no_recipient_is_a_failure(code, passing):
    with mailbox() as kept:
        kept.answers += [code, code]
        with pytest.raises(DeliveryError) as failure:
            email(kept).tell(INCIDENT, "opened", NOW)

    assert failure.value.passing is passing
    with pytest.raises(DeliveryError) as away:
        email(kept).tell(INCIDENT, "opened", NOW)
    assert away.value.passing
