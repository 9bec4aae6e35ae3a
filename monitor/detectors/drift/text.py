"""A changed distribution of texts: how long they are, which words are new, how they are spelled."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import ttest_ind
from sklearn.feature_extraction.text import CountVectorizer

from monitor.core.findings import Measurement
from monitor.core.windows import Numbers
from monitor.detectors.drift.columns import number_effect
from monitor.detectors.drift.effects import Effect
from monitor.detectors.drift.telling import FEWEST, ROWS, linear, measured
from monitor.detectors.performance.estimates import Z

_WORD = re.compile(r"\w+")
_LENGTH = 2_000
"""Characters of a text that are looked at."""
_NGRAMS, _FEATURES, _RARE = (1, 3), 5_000, 5


def text(before: Sequence[str], now: Sequence[str], feature: str) -> Iterator[Measurement]:
    """What changed from texts of the reference to those of the window, in any random order.

    `length`: Smirnov's gap of the numbers of characters. `vocabulary`: the share of words of a text
    that one half of the reference does not have, mean now less that of its other half.
    `classifier`: the AUC of a logistic regression over n-grams of 1 to 3 characters, which shows
    spelling and language too.

    Value    `length` and `vocabulary` shares, `classifier` .5 to 1; worse above.
    Needs    200 texts of the reference, 100 now.
    Noise    at most a share a of p-values is below a.
    Source   `columns.py`; B. L. Welch, Biometrika 34 (1947) 28, one-sided; `telling.py`.
    """
    if len(before) < 2 * FEWEST or len(now) < FEWEST:
        return
    old, new = (np.array([len(t) for t in side], np.float64) for side in (before, now))
    found = number_effect("kolmogorov_smirnov", old, new)
    if isinstance(found, Effect):
        yield Measurement(
            "length",
            found.value,
            feature,
            p_value=found.p_value,
            low=found.low,
            high=found.high,
            evidence=found.evidence,
        )
    yield _vocabulary(before, now, feature)
    yield from _spelling(
        [t[:_LENGTH] for t in before[:ROWS]], [t[:_LENGTH] for t in now[:ROWS]], feature
    )


def words(line: str) -> list[str]:
    """The words of a text, in lower case.

    >>> words("Don't panic: 42!")
    ['don', 't', 'panic', '42']
    """
    return _WORD.findall(line.lower())


def _vocabulary(before: Sequence[str], now: Sequence[str], feature: str) -> Measurement:
    known = {word for line in before[::2] for word in words(line)}
    old, new = (_unknown(side, known) for side in (before[1::2], now))
    gap = float(new.mean() - old.mean())
    error = float(np.sqrt(np.var(old, ddof=1) / len(old) + np.var(new, ddof=1) / len(new)))
    return Measurement(
        "vocabulary",
        gap,
        feature,
        expected=0.0,
        p_value=_more(old, new),
        low=gap - Z * error,
        high=gap + Z * error,
        evidence={
            "share": {"before": float(old.mean()), "now": float(new.mean())},
            "words": _new_words(now, known),
        },
    )


def _more(old: Numbers, new: Numbers) -> float:
    """Chance of a mean so much larger, if nothing changed."""
    if np.ptp(np.concatenate([old, new])) == 0:
        return 1.0
    if np.ptp(old) == 0 and np.ptp(new) == 0:
        return 0.0 if new[0] > old[0] else 1.0
    return float(ttest_ind(new, old, equal_var=False, alternative="greater").pvalue)


def _unknown(lines: Sequence[str], known: set[str]) -> Numbers:
    """The share of words of each text that are not known; 0 for a text without words."""
    shares = []
    for line in lines:
        found = words(line)
        shares.append(sum(word not in known for word in found) / len(found) if found else 0.0)
    return np.array(shares)


def _new_words(lines: Sequence[str], known: set[str]) -> list[dict[str, object]]:
    """The unknown words that the most texts have."""
    counts: dict[str, int] = {}
    for line in lines:
        for word in set(words(line)) - known:
            counts[word] = counts.get(word, 0) + 1
    top = sorted(counts, key=lambda word: (-counts[word], word))[:5]
    return [{"word": word, "texts": counts[word]} for word in top]


def _spelling(before: list[str], now: list[str], feature: str) -> Iterator[Measurement]:
    grams = CountVectorizer(
        analyzer="char_wb", ngram_range=_NGRAMS, max_features=_FEATURES, min_df=_RARE, binary=True
    )
    try:
        columns = grams.fit_transform([*before, *now])
    except ValueError:  # no n-gram is common enough
        return
    side = np.arange(len(before) + len(now)) >= len(before)
    often = [np.asarray(columns[rows].mean(0)).ravel() for rows in (~side, side)]
    ngrams = _moved(grams.get_feature_names_out().tolist(), *often)
    yield measured(linear(columns, side, 0.05), feature, {"ngrams": ngrams})


def _moved(names: list[str], before: Numbers, now: Numbers) -> list[dict[str, object]]:
    """The n-grams whose share of texts changed most."""
    top = np.argsort(-np.abs(now - before), kind="stable")[:5]
    return [
        {"ngram": names[i], "before": float(before[i]), "now": float(now[i])}
        for i in top
        if before[i] != now[i]
    ]
