"""Makes `wordnet.xz` of what Debian's wordnet-base installs: words, their senses, what is above.

    python -m monitor.detectors.quality.wordnet_build /usr/share/wordnet

Only terms of one or two words, and the first senses of each. WordNet 3.0 is copyright 2006 by
Princeton University; its notice stands in `wordnet.LICENSE` and goes wherever the data goes.
"""

import lzma
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.detectors.quality.wordnet import DATA

SENSES, WORDS = 3, 2
"""Senses kept of a word, and words of a term."""
KINDS = {"noun": "@", "verb": "@", "adj": "&"}
"""Parts of speech, each with the pointer to what is above (adjectives: to what is similar)."""

Place = tuple[str, str]
"""Part of speech and offset: what names a synset."""


@dataclass(frozen=True, slots=True)
class Synset:
    """One meaning, and the meanings above it."""

    place: Place
    above: Sequence[Place]


def synsets(folder: Path) -> Iterator[Synset]:
    """Every meaning, in the order of the files."""
    for kind, pointer in KINDS.items():
        for line in (folder / f"data.{kind}").read_text("ascii").splitlines():
            if line.startswith("  "):
                continue
            parts = line.partition(" | ")[0].split()
            first = 4 + 2 * int(parts[3], 16)
            pointers = parts[first + 1 : first + 1 + 4 * int(parts[first])]
            upward = pointer if parts[2] != "a" else "no pointer"  # the head of a cluster
            above = [
                (kind, pointers[i + 1])
                for i in range(0, len(pointers), 4)
                if pointers[i].startswith(upward)
            ]
            yield Synset((kind, parts[0]), above)


def terms(folder: Path) -> Iterator[tuple[str, list[Place]]]:
    """Every short term with its senses of one part of speech, the most frequent first."""
    for kind in KINDS:
        for line in (folder / f"index.{kind}").read_text("ascii").splitlines():
            if line.startswith("  "):
                continue
            word, _, senses, *parts = line.split()
            if word.count("_") < WORDS:
                yield word.replace("_", " "), [(kind, p) for p in parts[-int(senses) :]][:SENSES]


def build(folder: Path) -> bytes:
    """Lines of words with their meanings, an empty line, and lines of what is above each meaning.

    Meanings are numbered from 0 in the order of their lines. A line of a word is the word, a tab,
    and numbers; numbers are written as differences, which compress well.
    """
    found = list(synsets(folder))
    numbers = {synset.place: i for i, synset in enumerate(found)}
    words: dict[str, list[int]] = {}
    for word, places in terms(folder):
        words.setdefault(word, []).extend(numbers[p] for p in places)
    lines = [f"{word}\t{' '.join(map(str, senses))}" for word, senses in sorted(words.items())]
    lines.append("")
    for number, synset in enumerate(found):
        lines.append(" ".join(str(number - numbers[p]) for p in synset.above))
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


if __name__ == "__main__":
    DATA.write_bytes(build(Path(sys.argv[1])))
