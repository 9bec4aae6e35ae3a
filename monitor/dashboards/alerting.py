"""The rules of Prometheus as alert rules of Grafana, and whom Grafana tells.

For those who alert from Grafana in place of Prometheus and Alertmanager: the same expressions.
"""

from typing import Any

from monitor.dashboards.panels import SOURCE
from monitor.dashboards.rule import MODELS, SERVICE, Rule
from monitor.dashboards.rules import RULES, annotations

_FOLDER = "Watchkeeper"
_INTERVAL = "1m"
_RECORDED = "model:"
_LOOKBACK_SECONDS = 600


def rules(runbooks: str) -> dict[str, Any]:
    """The provisioning file of Grafana's alert rules.

    Those that ask for recorded series need Prometheus to have our rule file too.
    """
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": group,
                "folder": _FOLDER,
                "interval": _INTERVAL,
                "rules": [_rule(rule, runbooks) for rule in RULES if rule.group == group],
            }
            for group in (SERVICE, MODELS)
        ],
    }


def _rule(rule: Rule, runbooks: str) -> dict[str, Any]:
    """An alert for each series that the expression gives, as in Prometheus, whatever its value."""
    return {
        "uid": rule.name.lower(),
        "title": rule.name,
        "condition": "C",
        "data": [
            _query("A", rule.expr),
            _query("B", f"0 * ({rule.expr}) + 1"),
            _threshold("C", "B"),
        ],
        "for": rule.hold or "0s",
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {} if rule.severity is None else {"severity": rule.severity},
        "annotations": {
            name: text.replace("$value", "$values.A.Value")
            for name, text in annotations(rule, runbooks).items()
        },
    }


def _query(ref: str, expr: str) -> dict[str, Any]:
    return {
        "refId": ref,
        "relativeTimeRange": {"from": _LOOKBACK_SECONDS, "to": 0},
        "datasourceUid": SOURCE["uid"],
        "model": {"refId": ref, "expr": expr, "instant": True},
    }


def _threshold(ref: str, of: str) -> dict[str, Any]:
    above = {"evaluator": {"type": "gt", "params": [0]}}
    model = {"refId": ref, "type": "threshold", "expression": of, "conditions": [above]}
    return {"refId": ref, "datasourceUid": "__expr__", "model": model}


def contact_points() -> dict[str, Any]:
    """Whom Grafana tells: the service, which makes an incident of it."""
    return {
        "apiVersion": 1,
        "contactPoints": [
            {
                "orgId": 1,
                "name": "watchkeeper",
                "receivers": [
                    {
                        "uid": "watchkeeper-webhook",
                        "type": "webhook",
                        "settings": {
                            "url": "http://watchkeeper:8000/v1/webhooks/grafana",
                            "httpMethod": "POST",
                            "authorization_scheme": "Bearer",
                            "authorization_credentials": "${WATCHKEEPER_API_KEY}",
                        },
                    }
                ],
            }
        ],
        "policies": [
            {
                "orgId": 1,
                "receiver": "watchkeeper",
                "group_by": ["alertname", "model"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
            }
        ],
    }
