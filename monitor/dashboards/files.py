"""Every file that Prometheus and Grafana are given, by its place."""

import json
from typing import Any

from monitor.dashboards import alerting, rules
from monitor.dashboards.boards import boards
from monitor.dashboards.panels import SOURCE
from monitor.dashboards.yaml import dump

_MADE = "Made by `watchkeeper dashboards build`; change monitor/dashboards/ and build it again."
_BOARDS = "/var/lib/watchkeeper/boards"
"""Where the boards lie in Grafana's container."""


def files(
    runbooks: str = rules.RUNBOOKS, prometheus: str = "http://prometheus:9090"
) -> dict[str, str]:
    """The content of each file. `prometheus` is its address as Grafana sees it.

    >>> sorted(files())[0]
    'grafana/boards/incident.json'
    """
    return {
        "prometheus/alerts.yml": dump(
            rules.prometheus(runbooks), f"{rules.__doc__ or ''}\n{_MADE} Tested by alerts.test.yml."
        ),
        "grafana/provisioning/alerting/rules.yml": dump(
            alerting.rules(runbooks), f"The rules of prometheus/alerts.yml for Grafana.\n{_MADE}"
        ),
        "grafana/provisioning/alerting/contact-points.yml": dump(
            alerting.contact_points(), f"Whom Grafana tells.\n{_MADE}"
        ),
        "grafana/provisioning/datasources/prometheus.yml": dump(
            _source(prometheus),
            f"Where Grafana reads from. The boards name this source by its uid.\n{_MADE}",
        ),
        "grafana/provisioning/dashboards/watchkeeper.yml": dump(
            _provider(),
            "Which boards Grafana loads: every JSON file of the folder that docker-compose.yml "
            f"mounts.\n{_MADE}",
        ),
        **{
            f"grafana/boards/{name}.json": json.dumps(board, indent=1) + "\n"
            for name, board in boards().items()
        },
    }


def _source(url: str) -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Watchkeeper's Prometheus",
                "uid": SOURCE["uid"],
                "type": SOURCE["type"],
                "access": "proxy",
                "url": url,
                "isDefault": True,
                "jsonData": {"timeInterval": "15s", "manageAlerts": True},
            }
        ],
    }


def _provider() -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "watchkeeper",
                "folder": "Watchkeeper",
                "type": "file",
                "allowUiUpdates": False,
                "options": {"path": _BOARDS},
            }
        ],
    }
