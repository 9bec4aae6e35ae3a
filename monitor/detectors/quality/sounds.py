"""How an English word sounds, roughly: two words that sound alike have the same code."""

import re

_RULES = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"[^a-z]", ""),
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^x", "s"),
        (r"mb$", "m"),
        (r"wh", "w"),
        (r"ph", "f"),
        (r"sch|sh|ti(?=[ao])|ci(?=[ao])|ssi(?=[ao])", "S"),
        (r"tch|ch", "C"),
        (r"th", "T"),
        (r"dg(?=[eiy])|g(?=[eiy])", "j"),
        (r"gh(?=[^aeiouy]|$)", ""),
        (r"ck|c(?![eiy])|q", "k"),
        (r"c|z", "s"),
        (r"x", "ks"),
        (r"v", "f"),
        (r"(.)\1+", r"\1"),
        (r"(?<=.)[aeiouyhw]", ""),
        (r"(.)\1+", r"\1"),
    )
)
"""Replaced in this order; capitals are sounds that have no letter of their own."""


def sound(word: str) -> str:
    """The code of a word: its consonants as they are spoken, and its first letter.

    Needs    lower case Latin letters; others are left out.
    Noise    every word with the same consonants has the same code: mail, male, mule.
    Source   after the idea of L. Philips, Hanging on the Metaphone, Computer Language 7 (1990).

    >>> sound("mail"), sound("male"), sound("female"), sound("photo"), sound("foto")
    ('ml', 'ml', 'fml', 'ft', 'ft')
    """
    for pattern, code in _RULES:
        word = pattern.sub(code, word)
    return word


_VOWELS = re.compile(
    r"(?P<a>ai|ay|ei|ey|a(?=[^aeiouy]e$))|(?P<e>ee|ea|ie|e(?=[^aeiouy]e$))"
    r"|(?P<i>igh|uy|i(?=[^aeiouy]e$)|y$)|(?P<o>oa|ow|o(?=[^aeiouy]e$))"
    r"|(?P<u>oo|ew|ue|u(?=[^aeiouy]e$))|(?P<short>[aeiouy])(?!$)|(?P<end>[aiou]$)"
)


def spoken(word: str) -> tuple[str, tuple[str, ...]]:
    """The sound of a word with its vowels: what two real words share that are said alike.

    >>> spoken("mail") == spoken("male"), spoken("mule") == spoken("male")
    (True, False)
    >>> spoken("boat") == spoken("boot"), spoken("weak") == spoken("week")
    (False, True)
    """
    vowels = tuple(
        f"{match.lastgroup}{match[0] if match.lastgroup in ('short', 'end') else ''}"
        for match in _VOWELS.finditer(word)
    )
    return sound(word), vowels
