"""What an alert of Prometheus is, and what it says."""

from dataclasses import dataclass

SERVICE, MODELS = "watchkeeper.service", "watchkeeper.models"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert: when, for how long, how bad; what it says, and what to do about it."""

    name: str
    group: str
    expr: str
    summary: str
    description: str
    action: str
    severity: str | None = None
    """None where the series themselves say how severe it is."""
    hold: str = ""


def newly(metric: str, by: str, span: str) -> str:
    """PromQL for a counter that has grown; the second half sees what its series begins with."""
    return (
        f"sum by ({by}) (increase({metric}[{span}])) > 0\n"
        f"  or sum by ({by}) ({metric} unless {metric} offset {span}) > 0"
    )
