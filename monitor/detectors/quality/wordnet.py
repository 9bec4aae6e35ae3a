"""Which words there are, and which of them mean the same or a kind of the same."""

import lzma
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("wordnet.xz")
"""Made by `wordnet_build.py`; its notice stands in `wordnet.LICENSE`."""
STEPS = 2
"""A word may stand so many steps below another: a girl is a woman, a woman is a female."""
_ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ses", "s"), ("s", ""))
_FORMS = (*_ENDINGS, ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))


@dataclass(frozen=True, slots=True)
class WordNet:
    """Words of one or two parts in lower case; their meanings by number; what is above each.

    Source   G. A. Miller, Commun. ACM 38 (1995) 39; version 3.0, reduced by `wordnet_build.py`.
    """

    words: Mapping[str, str]
    above: Sequence[str]

    def meanings(self, word: str) -> list[int]:
        """The meanings of a word as it stands, or of its singular."""
        found = self.words.get(word) or self.words.get(singular(word, self.words) or "")
        return [int(n) for n in found.split()] if found else []

    def is_word(self, text: str) -> bool:
        """Whether a text is a word or, by its ending, a form of one.

        >>> wordnet().is_word("boston"), wordnet().is_word("employees"), wordnet().is_word("femlae")
        (True, True, False)
        """
        if text in self.words:
            return True
        return any(
            text.endswith(ending) and text[: len(text) - len(ending)] + stem in self.words
            for ending, stem in _FORMS
        )

    def kinds(self, word: str) -> Mapping[int, int]:
        """Every meaning of a word and above it, with the steps to it, at most two."""
        steps = dict.fromkeys(self.meanings(word), 0)
        edge = list(steps)
        for step in range(1, STEPS + 1):
            edge = [up for meaning in edge for up in self._up(meaning) if up not in steps]
            steps |= dict.fromkeys(edge, step)
        return steps

    def _up(self, meaning: int) -> Iterator[int]:
        return (meaning - int(off) for off in self.above[meaning].split())


@cache
def wordnet() -> WordNet:
    """The words, read when they are first asked for."""
    held, _, above = lzma.decompress(DATA.read_bytes()).decode().partition("\n\n")
    words = dict(line.split("\t") for line in held.split("\n"))
    return WordNet(words, above.split("\n"))


def singular(word: str, words: Mapping[str, object]) -> str | None:
    """The known word that a word is the plural of.

    >>> singular("policies", {"policy": 1}), singular("bus", {"bu": 1})
    ('policy', None)
    """
    for ending, stem in _ENDINGS:
        made = word.removesuffix(ending) + stem
        if word.endswith(ending) and len(made) >= 3 and made in words:
            return made
    return None


def same_or_kind_of(value: str, known: Sequence[str]) -> str | None:
    """The one known word that a word means, or is a kind of; the nearest, and only if one is.

    >>> same_or_kind_of("girl", ["female", "male"]), same_or_kind_of("sedan", ["car", "truck"])
    ('female', 'car')
    >>> same_or_kind_of("person", ["female", "male"]), same_or_kind_of("card", ["car", "bus"])
    (None, None)
    """
    net = wordnet()
    reached = net.kinds(value)
    if not reached:
        return None
    scored: dict[str, int] = {}
    for text in known:
        steps = [reached[m] for m in net.meanings(text) if m in reached]
        if steps:
            scored[text] = min(steps)
    best = min(scored.values(), default=0)
    nearest = [text for text, steps in scored.items() if steps == best]
    return nearest[0] if len(nearest) == 1 else None
