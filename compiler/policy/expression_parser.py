"""Reading an expression by RE2's rules, refusing what engines read differently.

Source: RE2's syntax page (github.com/google/re2/wiki/Syntax).
"""

import re
from functools import cache, lru_cache

from cpc.compiler.policy.characters import (
    LAST,
    PERL,
    POSIX,
    ExpressionError,
    Ranges,
    complement,
    folded,
    spans,
    union,
)
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
    Sequence,
    nested_count,
    spelled_size,
)

__all__ = ["parse_expression"]

_MAX_REPEAT = 1000
"""RE2's own: a count, and the product of nested counts."""

_MAX_SIZE = 10_000
"""Characters when repetitions are spelled out: at RE2's 10-20 instructions each, half of its budget."""

_MAX_DEPTH = 100
"""Nested groups; RE2 allows 1000, a recursive reader fewer."""


@lru_cache(maxsize=8192)
def parse_expression(text: str) -> Expression:
    """The expression's tree; ExpressionError if RE2 refuses it or another engine reads it otherwise. Kept."""
    tree = _Parser(text).whole()
    if spelled_size(tree) > _MAX_SIZE:
        raise ExpressionError(
            f"the expression is too large: over {_MAX_SIZE} steps when spelled out"
        )
    return tree


_PLAIN = re.compile(r"[A-Za-z0-9/_-]+(?![*+?{])")
"""Characters that stand for themselves, none of them repeated."""
_COUNT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P<([A-Za-z_][A-Za-z0-9_]*)>")
_HEX = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_PLACES = {"A": "start", "z": "end", "b": "word-edge", "B": "word-inside"}


class _Parser:
    """Reads one expression from left to right, by RE2's rules."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._names: set[str] = set()

    def whole(self) -> Expression:
        tree = self._choice(frozenset())
        if self._at < len(self._text):
            raise ExpressionError("`)` without `(`")
        return tree

    def _choice(self, flags: frozenset[str]) -> Expression:
        """Up to `)` or the end; flags set on the way hold to the end of the group, over `|` too."""
        options: list[Expression] = []
        parts: list[Expression] = []
        while self._at < len(self._text) and self._text[self._at] != ")":
            if self._text[self._at] == "|":
                self._at += 1
                options.append(_sequence(parts))
                parts = []
            elif (found := _FLAGS.match(self._text, self._at)) and found[3] == ")":
                self._at = found.end()
                flags = self._flags(flags, found)
            elif "i" not in flags and (run := _PLAIN.match(self._text, self._at)):
                self._at = run.end()
                parts += map(_plain, run[0])
            else:
                parts.append(self._repeated(self._atom(flags)))
        options.append(_sequence(parts))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _flags(self, flags: frozenset[str], found: re.Match[str]) -> frozenset[str]:
        if found[0] == "(?)":
            raise ExpressionError("`(?)` sets no flag")
        return (flags | set(found[1])) - set(found[2] or "")

    def _atom(self, flags: frozenset[str]) -> Expression:
        c = self._text[self._at]
        if c == "(":
            return self._group(flags)
        if c == "[":
            return Characters(self._class("i" in flags))
        if c == "\\":
            return self._escape(flags)
        if c in "*+?" or _COUNT.match(self._text, self._at):
            raise ExpressionError(f"`{c}` has nothing to repeat")
        self._at += 1
        if c == ".":
            return Characters(((0, LAST),) if "s" in flags else complement(spans("\n\n")))
        if c in "^$":
            return Position(("line-" if "m" in flags else "") + ("start" if c == "^" else "end"))
        return _character(ord(c), flags)

    def _group(self, flags: frozenset[str]) -> Expression:
        text, at = self._text, self._at
        if found := _FLAGS.match(text, at):
            flags = flags if found[0] == "(?:" else self._flags(flags, found)
            self._at = found.end()
        elif found := _NAMED.match(text, at):
            if found[1] in self._names:
                raise ExpressionError(f"two groups are named `{found[1]}`")
            self._names.add(found[1])
            self._at = found.end()
        elif text.startswith("(?", at):
            raise ExpressionError(f"`{text[at : at + 4]}` is not supported: RE2 has no such group")
        else:
            self._at += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpressionError(f"over {_MAX_DEPTH} groups inside each other")
        inner = self._choice(flags)
        if self._at >= len(text):
            raise ExpressionError("`(` without `)`")
        self._at += 1
        self._depth -= 1
        return inner

    def _repeated(self, part: Expression) -> Expression:
        bounds = self._bounds()
        if bounds is None:
            return part
        if self._text[self._at : self._at + 1] == "?":
            self._at += 1  # lazy: the same strings match
        if self._bounds() is not None:
            raise ExpressionError("a repetition cannot be repeated; put it in `(?:` `)`")
        if isinstance(part, Position):
            raise ExpressionError("a position such as `^` or `$` cannot be repeated")
        repeat = Repeat(part, *bounds)
        if nested_count(repeat) > _MAX_REPEAT:
            raise ExpressionError(f"repetitions of repetitions exceed {_MAX_REPEAT}")
        return repeat

    def _bounds(self) -> tuple[int, int | None] | None:
        c = self._text[self._at : self._at + 1]
        if c and c in "*+?":
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[c]
        if found := _COUNT.match(self._text, self._at):
            self._at = found.end()
            low = _count(found[1])
            high = _count(found[3]) if found[3] else None if found[2] else low
            if high is not None and low > high:
                raise ExpressionError(f"`{found[0]}`: the bounds are the wrong way round")
            return low, high
        return None

    def _escape(self, flags: frozenset[str]) -> Expression:
        c = self._text[self._at + 1 : self._at + 2]
        if c in _PLACES and c:
            self._at += 2
            return Position(_PLACES[c])
        if group := self._perl("i" in flags):
            return Characters(group)
        return _character(self._escaped(), flags)

    def _perl(self, fold: bool) -> Ranges | None:
        """`\\d`, `\\s`, `\\w` or its complement, if that comes next."""
        c = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at] != "\\" or c.lower() not in PERL:
            return None
        self._at += 2
        ranges = folded(PERL[c.lower()]) if fold else PERL[c.lower()]
        return ranges if c.islower() else complement(ranges)

    def _escaped(self) -> int:
        """The character that `\\` and what follows stand for."""
        text, at = self._text, self._at
        if found := _HEX.match(text, at):
            self._at = found.end()
            code = int(found[1] or found[2], 16)
            if code > LAST:
                raise ExpressionError(f"`{found[0]}` is beyond the last character")
            return code
        c = text[at + 1 : at + 2]
        if not c:
            raise ExpressionError("a `\\` at the end escapes nothing")
        if c in _CONTROLS:
            self._at += 2
            return _CONTROLS[c]
        if not c.isascii() or c.isalnum():
            raise ExpressionError(f"`\\{c}` is not supported")
        self._at += 2
        return ord(c)

    def _class(self, fold: bool) -> Ranges:
        """`[...]`: ranges, escapes and named classes."""
        start = self._at
        self._at += 1
        negated = self._text[self._at : self._at + 1] == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        first = self._at
        while self._text[self._at : self._at + 1] != "]" or self._at == first:
            if self._at >= len(self._text):
                raise ExpressionError(f"`{self._text[start:]}` has no `]`")
            ranges += self._named(fold) or self._perl(fold) or self._range(fold)
        self._at += 1
        found = union(ranges)
        return complement(found) if negated else found

    def _named(self, fold: bool) -> Ranges | None:
        """`[:alpha:]` or `[:^alpha:]`, if that comes next."""
        end = self._text.find(":]", self._at + 2)
        if not self._text.startswith("[:", self._at) or end < 0:
            return None
        name = self._text[self._at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise ExpressionError(f"`[:{name}:]` is not a class of characters")
        self._at = end + 2
        ranges = folded(ranges) if fold else ranges
        return complement(ranges) if name.startswith("^") else ranges

    def _range(self, fold: bool) -> Ranges:
        low = high = self._one()
        rest = self._text[self._at : self._at + 2]
        if len(rest) == 2 and rest[0] == "-" and rest[1] != "]":
            self._at += 1
            high = self._one()
            if high < low:
                raise ExpressionError("a range of characters is the wrong way round")
        return folded(((low, high),)) if fold else ((low, high),)

    def _one(self) -> int:
        c = self._text[self._at : self._at + 1]
        if not c:
            raise ExpressionError("`[` has no `]`")
        if c == "\\":
            return self._escaped()
        self._at += 1
        return ord(c)


def _count(digits: str) -> int:
    if len(digits) > 4 or int(digits) > _MAX_REPEAT:
        raise ExpressionError(f"a repetition of more than {_MAX_REPEAT}")
    return int(digits)


def _sequence(parts: list[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


@cache
def _plain(character: str) -> Characters:
    """One of the few characters of `_PLAIN`; kept, since most expressions are made of them."""
    return Characters(((ord(character), ord(character)),))


def _character(code: int, flags: frozenset[str]) -> Expression:
    ranges = ((code, code),)
    return Characters(folded(ranges) if "i" in flags else ranges)
