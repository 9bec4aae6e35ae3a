"""What is probably wrong with values that do not fit the type of their feature."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor.core.spec import FeatureType

_MOST = 0.8
"""Share of the values that one cure has to explain."""
_PLACEHOLDERS = re.compile(
    r"|n/?a|nan|null|none|nil|missing|unknown|undefined|-+|\?|\.+"
    r"|not (available|applicable)|no data|#(n/a|null!|value!|ref!)",
    re.IGNORECASE,
)
_SIGNS = "$€£¥₹%"
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NUMBERS: Mapping[str, re.Pattern[str]] = {
    "thousands separator": re.compile(r"[+-]?\d{1,3}([,' ]\d{3})+(\.\d+)?"),
    "decimal comma": re.compile(r"[+-]?(\d+|\d{1,3}([. ]\d{3})+),\d+"),
    "currency or percent sign": re.compile(
        rf"[+-]?[{_SIGNS}]\s*[\d.,]+|[+-]?[\d.,]+\s*([{_SIGNS}]|[A-Z]{{3}})"
    ),
    "number with its unit": re.compile(r"[+-]?[\d.]+\s*[A-Za-z°]{1,4}"),
    "number as text": _PLAIN,
}
_TRUTHS = re.compile(r"yes|no|[yntf01]|true|false|on|off|ja|nein|oui|non", re.IGNORECASE)
_DATES: Mapping[str, Sequence[str]] = {
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"),
    "month first": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%Y %H:%M"),
}


def cure(values: Sequence[object], kind: FeatureType | None) -> str | None:
    """What explains most of the values, sent for a feature of a type; None where nothing does.

    >>> cure(["12,50", "3,99"], FeatureType.NUMBER), cure(["12", 3], FeatureType.NUMBER)
    ('decimal comma', None)
    >>> cure(["31/12/2025", "01/02/2026"], FeatureType.TIMESTAMP)
    'day first'
    """
    if not values:
        return None
    explain = _EXPLAIN.get(kind) if kind is not None else None
    found = Counter(_of(value, explain) for value in values)
    name, count = found.most_common(1)[0]
    return name if count >= _MOST * len(values) else None


def _of(value: object, explain: Callable[[str], str | None] | None) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _PLACEHOLDERS.fullmatch(text):
        return "placeholder for a missing value"
    return explain(text) if explain else None


def _of_number(text: str) -> str | None:
    return next((name for name, shape in _NUMBERS.items() if shape.fullmatch(text)), None)


def _of_truth(text: str) -> str | None:
    return "word for true or false" if _TRUTHS.fullmatch(text) else None


def _of_date(text: str) -> str | None:
    if re.fullmatch(r"\d{9,19}", text):
        return "epoch time as text"
    for name, shapes in _DATES.items():
        if any(_is_date(text, shape) for shape in shapes):
            return name
    return None


def _is_date(text: str, shape: str) -> bool:
    try:
        datetime.strptime(text, shape)  # noqa: DTZ007  only whether it can be read
    except ValueError:
        return False
    return True


_EXPLAIN: Mapping[FeatureType, Callable[[str], str | None]] = {
    FeatureType.NUMBER: _of_number,
    FeatureType.BOOLEAN: _of_truth,
    FeatureType.TIMESTAMP: _of_date,
}
