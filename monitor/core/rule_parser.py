"""Reads a rule; what is no condition over the row's own values is refused."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite

from monitor.core.rule_tokens import Token, tokens
from monitor.core.rules import ANY, DEEPEST, Name, RuleError, Term, joined

_COMPARED = {
    "=": "=",
    "==": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
FUNCTIONS: Mapping[str, tuple[str, str, int, int]] = {
    "abs": ("number", "number", 1, 1),
    "round": ("number", "number", 1, 1),
    "floor": ("number", "number", 1, 1),
    "ceil": ("number", "number", 1, 1),
    "sqrt": ("number", "number", 1, 1),
    "ln": ("number", "number", 1, 1),
    "least": ("number", "number", 2, 20),
    "greatest": ("number", "number", 2, 20),
    "length": ("text", "number", 1, 1),
    "lower": ("text", "text", 1, 1),
    "upper": ("text", "text", 1, 1),
    "trim": ("text", "text", 1, 1),
    "year": ("time", "number", 1, 1),
    "month": ("time", "number", 1, 1),
    "day": ("time", "number", 1, 1),
    "hour": ("time", "number", 1, 1),
}
"""What may be called: the kind it takes, the kind it gives, and how many it takes."""
_RESERVED = frozenset(["AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "TRUE", "FALSE"])


def parse(text: str, kinds: Mapping[str, str]) -> Term:
    """The condition that a rule is. `kinds` has the kind of each name that is known.

    Raises RuleError with a plain sentence and the place.

    >>> rule = parse("age >= 18 OR product <> 'loan'", {"age": "number", "product": "text"})
    >>> rule.names()
    ['age', 'product']
    >>> rule.sql({"age": "f1", "product": "f2"})
    "((f1 >= 18.0) OR (f2 <> 'loan'))"
    """
    parser = _Parser(text, tokens(text), kinds)
    rule = parser.condition()
    if parser.token.kind != "end":
        raise parser.error("nothing may follow here")
    parser.need(rule, "truth")
    return rule


class _Parser:
    """Goes through the tokens once; each method reads one kind of thing."""

    def __init__(self, text: str, found: list[Token], kinds: Mapping[str, str]) -> None:
        self._text, self._tokens, self._kinds = text, found, kinds
        self._at, self._depth = 0, 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def error(self, why: str) -> RuleError:
        return RuleError(self._text, self.token.place, why)

    def condition(self) -> Term:
        """Conditions with OR between them; one value where there is no condition."""
        left = self._all()
        while self._took("OR"):
            left = self._both(left, " OR ", self._all())
        return left

    def _all(self) -> Term:
        left = self._negated()
        while self._took("AND"):
            left = self._both(left, " AND ", self._negated())
        return left

    def _both(self, left: Term, word: str, right: Term) -> Term:
        self.need(left, "truth")
        self.need(right, "truth")
        return joined("truth", left, word, right)

    def _negated(self) -> Term:
        times = 0
        while self._took("NOT"):
            times += 1
        held = self._compared()
        if times:
            self.need(held, "truth")
        return joined("truth", "NOT ", held) if times % 2 else held

    def _compared(self) -> Term:
        left = self._sum()
        if self.token.kind == "sign" and self.token.text in _COMPARED:
            sign = _COMPARED[self._next().text]
            left, right = self._alike(left, self._sum())
            return joined("truth", left, f" {sign} ", right)
        if self._took("IS"):
            no = "NOT " if self._took("NOT") else ""
            self._expect("NULL")
            return joined("truth", left, f" IS {no}NULL")
        no = "NOT " if self._took("NOT") else ""
        if self._took("IN"):
            return self._among(left, no)
        if self._took("BETWEEN"):
            low, high = self._between(left)
            return joined("truth", left, f" {no}BETWEEN ", low, " AND ", high)
        if self._took("LIKE"):
            self.need(left, "text")
            pattern = self._literal()
            self.need(pattern, "text")
            return joined("truth", left, f" {no}LIKE ", pattern)
        if no:
            raise self.error("IN, BETWEEN or LIKE is needed after NOT")
        return left

    def _among(self, left: Term, no: str) -> Term:
        self._sign("(")
        parts: list[Term | str] = [left, f" {no}IN (", self._alike(left, self._literal())[1]]
        while self._took_sign(","):
            parts += [", ", self._alike(left, self._literal())[1]]
        self._sign(")")
        return joined("truth", *parts, ")")

    def _between(self, left: Term) -> tuple[Term, Term]:
        low = self._alike(left, self._sum())[1]
        self._expect("AND")
        return low, self._alike(left, self._sum())[1]

    def _sum(self) -> Term:
        left = self._product()
        while self.token.kind == "sign" and self.token.text in {"+", "-"}:
            left = self._counted(left, self._next().text, self._product())
        return left

    def _product(self) -> Term:
        left = self._value()
        while self.token.kind == "sign" and self.token.text in {"*", "/", "%"}:
            left = self._counted(left, self._next().text, self._value())
        return left

    def _counted(self, left: Term, sign: str, right: Term) -> Term:
        self.need(left, "number")
        self.need(right, "number")
        return joined("number", left, f" {sign} ", right)

    def _value(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.error("too much inside each other")
        held = self._one_value()
        self._depth -= 1
        return held

    def _one_value(self) -> Term:
        if self._took_sign("-"):
            held = self._value()
            self.need(held, "number")
            return joined("number", "-", held)
        if self._took_sign("("):
            held = self.condition()
            self._sign(")")
            return held
        token = self.token
        if token.kind in {"number", "text"} or token.word in {"NULL", "TRUE", "FALSE"}:
            return self._literal()
        if token.kind == "quoted" or (token.kind == "word" and token.word not in _RESERVED):
            self._next()
            if token.kind == "word" and self._took_sign("("):
                return self._call(token)
            return Term(self._kinds.get(token.value, ANY), (Name(token.value),))
        raise self.error("a name, a number or a text is needed here")

    def _call(self, token: Token) -> Term:
        name = token.text.lower()
        if name not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise RuleError(self._text, token.place, f"no function {name!r}; known: {known}")
        takes, gives, fewest, most = FUNCTIONS[name]
        parts: list[Term] = [self._sum()]
        while self._took_sign(","):
            parts.append(self._sum())
        self._sign(")")
        if not fewest <= len(parts) <= most:
            raise RuleError(self._text, token.place, f"{name} takes {fewest} to {most} values")
        made: list[Term | str] = []
        for part in parts:
            self.need(part, takes)
            made += [", ", part] if made else [part]
        return joined(gives, f"{name}(", *made, ")")

    def _literal(self) -> Term:
        token = self._next()
        negative = token.kind == "sign" and token.text == "-"
        token = self._next() if negative else token
        if token.kind == "number":
            number = float(token.text)
            if not isfinite(number):
                raise RuleError(self._text, token.place, "no number is as large")
            return Term("number", (repr(-number if negative else number),))
        if negative:
            raise RuleError(self._text, token.place, "a number is needed here")
        if token.kind == "text":
            return Term("text", (_quoted(token.value),))
        if token.word in {"TRUE", "FALSE"}:
            return Term("truth", (token.word,))
        if token.word == "NULL":
            return Term(ANY, ("NULL",))
        raise RuleError(self._text, token.place, "a number or a text is needed here")

    def _alike(self, left: Term, right: Term) -> tuple[Term, Term]:
        """Two values that can be compared; a text beside a time is read as one."""
        if left.kind == "time" and right.kind == "text":
            return left, self._time(right)
        if right.kind == "time" and left.kind == "text":
            return self._time(left), right
        if left.kind != right.kind and ANY not in {left.kind, right.kind}:
            raise self.error(f"a {left.kind} cannot be compared with a {right.kind}")
        return left, right

    def _time(self, term: Term) -> Term:
        text = term.made[0] if len(term.made) == 1 else None
        try:
            moment = datetime.fromisoformat(text.strip("'") if isinstance(text, str) else "")
        except ValueError:
            raise self.error("a moment is written like '2026-01-31' or RFC 3339") from None
        if moment.tzinfo is not None:
            moment = (moment - moment.utcoffset()).replace(tzinfo=None)  # type: ignore[operator]
        return Term("time", (f"TIMESTAMP '{moment.isoformat(sep=' ')}'",))

    def need(self, term: Term, kind: str) -> None:
        """Raises RuleError where the term is of another kind."""
        if term.kind not in {kind, ANY}:
            raise self.error(f"a {kind} is needed here, and this is a {term.kind}")

    def _next(self) -> Token:
        token = self.token
        self._at += token.kind != "end"
        return token

    def _took(self, word: str) -> bool:
        self._at += (found := self.token.word == word)
        return found

    def _took_sign(self, sign: str) -> bool:
        self._at += (found := self.token.kind == "sign" and self.token.text == sign)
        return found

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise self.error(f"{word} is needed here")

    def _sign(self, sign: str) -> None:
        if not self._took_sign(sign):
            raise self.error(f"{sign!r} is needed here")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
