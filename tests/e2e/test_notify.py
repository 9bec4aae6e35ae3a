"""A service tells of an incident: over HTTP and by e-mail, once, and says that it did."""

import json

from receivers import mailbox, receiver
from services import eventually, running

ALERT = {
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "CheckoutErrors", "model": "loans", "severity": "critical"},
            "annotations": {"summary": "one in five fails"},
        }
    ]
}


def test_an_incident_is_told_once_on_each_channel(tmp_path):
    with receiver() as hook, mailbox() as mail:
        said = {
            "WATCHKEEPER_NOTIFY_WEBHOOK": hook.address,
            "WATCHKEEPER_NOTIFY_SECRET": "secret",
            "WATCHKEEPER_NOTIFY_SMTP": mail.address,
            "WATCHKEEPER_NOTIFY_TO": "ops@example.org",
            "WATCHKEEPER_ROUND_EVERY": "200ms",
        }
        with running(tmp_path / "data", environment=said) as service:
            service.ask("PUT", "/v1/models/loans", json={"task": "binary"})
            service.ask("POST", "/v1/webhooks/alertmanager", json=ALERT)

            def notices():
                (incident,) = service.ask("GET", "/v1/models/loans/incidents")["items"]
                held = incident["notices"]
                return held if len(held) == 2 and {n["state"] for n in held} == {"sent"} else None

            told = eventually(notices)

    assert {n["channel"]: n["attempts"] for n in told} == {"webhook": 1, "email": 1}
    assert [json.loads(body)["event"] for body in hook.bodies] == ["opened"]
    assert hook.headers[0]["X-Watchkeeper-Signature"].startswith("t=")
    assert len(mail.bodies) == 1
    assert b"CheckoutErrors" in mail.bodies[0]
