"""The alphabet: every character of Unicode text, numbered without the gap of the surrogates.

Surrogates are no characters of any text, so a class that names them means its other characters.
"""

from bisect import bisect_right
from functools import lru_cache
from typing import TypeAlias

from cpc.compiler.policy.characters import LAST, Ranges, complement, union

__all__ = ["LAST_NUMBER", "Bounds", "bounds_of", "character", "number", "readable", "within"]

_SURROGATE, _AFTER = 0xD800, 0xE000
_GAP = _AFTER - _SURROGATE

LAST_NUMBER = LAST - _GAP

Bounds: TypeAlias = tuple[int, ...]
"""A set of numbers: ascending; inside from the first to before the second, and so on."""


def number(character: str) -> int | None:
    """A character's number; None: a lone surrogate."""
    code = ord(character)
    if code < _SURROGATE:
        return code
    return code - _GAP if code >= _AFTER else None


def character(number: int) -> str:
    """The character of a number."""
    return chr(number if number < _SURROGATE else number + _GAP)


@lru_cache(maxsize=4096)
def bounds_of(ranges: Ranges, never: Ranges = ()) -> Bounds:
    """The characters of ranges of code points.

    Characters in `never` are in no text, so each goes where the one before it goes (the first, where the
    next goes): sets that differ only in them become equal.
    """
    bounds: list[int] = []
    for low, high in _filled(ranges, never) if never else ranges:
        start = low if low < _SURROGATE else max(low, _AFTER) - _GAP
        end = (high if high < _SURROGATE else max(high + 1, _AFTER) - _GAP - 1) + 1
        if start >= end:
            continue
        if bounds and bounds[-1] == start:
            bounds[-1] = end
        else:
            bounds += (start, end)
    return tuple(bounds)


def within(bounds: Bounds, others: Bounds) -> bool:
    """Whether all of one set's characters are in the other."""
    for low, end in zip(bounds[::2], bounds[1::2], strict=True):
        place = bisect_right(others, low)
        if not place & 1 or others[place] < end:
            return False
    return True


def _filled(ranges: Ranges, never: Ranges) -> Ranges:
    def inside(code: int) -> bool:
        return any(low <= code <= high for low, high in ranges)

    kept = complement(union([*complement(ranges), *never]))
    filled = [(low, high) for low, high in never if inside(low - 1 if low else high + 1)]
    return union([*kept, *filled])


_PREFERRED = "abcdefghijklmnopqrstuvwxyz0123456789/-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RANKS = {ord(c): rank for rank, c in enumerate(_PREFERRED)}
for _code in range(0x20, 0x7F):
    _RANKS.setdefault(_code, len(_RANKS))


@lru_cache(maxsize=65536)
def readable(low: int, high: int) -> tuple[int, int]:
    """(rank, number) of the character from `low` to `high` that reads best; a lower rank reads better."""
    printable = range(max(low, 0x20), min(high, 0x7E) + 1)
    if printable:
        return min((_RANKS[c], c) for c in printable)
    code = low or min(high, 1)  # a NUL is the last choice
    return len(_RANKS) + code, code
