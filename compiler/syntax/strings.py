"""Quoted strings: their escapes, both ways."""

import re

__all__ = ["bad_escape", "quote", "unquote"]

_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.)|\Z)", re.DOTALL)
_SIMPLE = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_WRITTEN = {value: "\\" + letter for letter, value in _SIMPLE.items()}
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]')
"""What must not stand in a text as it is: it would end the string, or not be seen by a reader."""


def _decoded(match: re.Match[str]) -> str | None:
    digits, letter = match.groups()
    if digits is None:
        return _SIMPLE.get(letter)
    point = int(digits, 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else None


def bad_escape(literal: str) -> tuple[int, int] | None:
    """Where the first wrong escape of a string literal is, as (start, end) in it; None: all are right."""
    for match in _ESCAPE.finditer(literal):
        if _decoded(match) is None:
            return match.span()
    return None


def unquote(literal: str) -> str:
    """The value of a string literal without wrong escapes, quotes included in `literal`."""
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPE.sub(lambda match: _decoded(match) or "", inner)


def quote(value: str) -> str:
    """The literal of a value: visible characters as they are, the rest escaped."""
    if _UNSAFE.search(value) is None:
        return f'"{value}"'

    def written(match: re.Match[str]) -> str:
        char = match.group()
        return _WRITTEN.get(char, f"\\u{{{ord(char):x}}}")

    return '"' + _UNSAFE.sub(written, value) + '"'
