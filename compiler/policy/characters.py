"""Sets of characters, as the classes of an expression name them (RE2's tables, ASCII only)."""

from typing import TypeAlias

__all__ = [
    "LAST",
    "PERL",
    "POSIX",
    "ExpressionError",
    "Ranges",
    "complement",
    "folded",
    "spans",
    "union",
]


class ExpressionError(ValueError):
    """The expression is not in the part of RE2 that every engine reads alike."""


LAST = 0x10FFFF
"""The last code point."""

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points low..high, ascending, apart from each other."""


def union(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    outside: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if start < low:
            outside.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        outside.append((start, LAST))
    return tuple(outside)


def spans(text: str) -> Ranges:
    """Pairs of bounds, `"azAZ"` for a-z and A-Z."""
    return union([(ord(text[i]), ord(text[i + 1])) for i in range(0, len(text), 2)])


PERL = {"d": spans("09"), "s": spans("\t\n\f\r  "), "w": spans("09AZaz__")}

POSIX = {
    "alnum": spans("09AZaz"),
    "alpha": spans("AZaz"),
    "ascii": spans("\0\x7f"),
    "blank": spans("\t\t  "),
    "cntrl": spans("\0\x1f\x7f\x7f"),
    "digit": spans("09"),
    "graph": spans("!~"),
    "lower": spans("az"),
    "print": spans(" ~"),
    "punct": spans("!/:@[`{~"),
    "space": spans("\t\r  "),
    "upper": spans("AZ"),
    "word": spans("09AZaz__"),
    "xdigit": spans("09AFaf"),
}

_FOLDS = {ord("k"): 0x212A, ord("s"): 0x17F}
"""The two letters beyond ASCII that fold to one of ASCII: the Kelvin sign and the long s."""


def folded(ranges: Ranges) -> Ranges:
    """With the other case of every letter; only for characters of ASCII."""
    if ranges and ranges[-1][1] > 0x7F:
        raise ExpressionError("`(?i)` is only supported on ASCII characters")
    both = list(ranges)
    for lower in range(ord("a"), ord("z") + 1):
        if any(low <= c <= high for c in (lower, lower - 32) for low, high in ranges):
            both += [(lower, lower), (lower - 32, lower - 32)]
            if lower in _FOLDS:
                both.append((_FOLDS[lower], _FOLDS[lower]))
    return union(both)
