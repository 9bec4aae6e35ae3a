"""The channels that the settings name."""

from collections.abc import Mapping
from typing import Any

from monitor.notify.channels import Channel, Email, Slack, Webhook


def channels(settings: Mapping[str, Any]) -> list[Channel]:
    """Those that `notify_` settings name; without any nobody is told."""
    found: list[Channel] = []
    if settings["notify_webhook"]:
        found.append(Webhook(settings["notify_webhook"], settings["notify_secret"]))
    if settings["notify_slack"]:
        found.append(Slack(settings["notify_slack"]))
    if settings["notify_smtp"]:
        host, _, port = settings["notify_smtp"].rpartition(":")
        found.append(
            Email(
                host.strip("[]"),
                int(port),
                settings["notify_from"],
                settings["notify_to"],
                settings["notify_smtp_user"],
                settings["notify_smtp_password"],
                settings["notify_smtp_tls"],
            )
        )
    return found
