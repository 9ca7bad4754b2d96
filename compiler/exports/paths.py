"""Expressions of paths for those who match them with their `?query`."""

from typing import assert_never

from cpc.compiler.policy.characters import Ranges, complement
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
    Sequence,
)

__all__ = ["literal", "with_any_query"]

_QUERY = r"(?:\?(?s:.*))?"
_MARK = ord("?")


def literal(text: str) -> str:
    """The expression that matches just this text."""
    return "".join(map(_character, map(ord, text)))


def with_any_query(expression: str) -> str | None:
    """The expression of a path as it is with its query, if there is one; None where there is none.

    The query starts at the first `?`, so the path before it has none: `.` and classes must not reach
    over it. Where the expression asks for the end of the text, that would be the end of the query.
    """
    tree = _without_last_end(parse_expression(expression))
    if _ends(tree):
        return None
    return f"{_grouped(tree)}{_QUERY}" if isinstance(tree, Choice) else f"{_written(tree)}{_QUERY}"


def _without_last_end(tree: Expression) -> Expression:
    """A `$` behind everything says nothing: the whole text is matched anyway."""
    if tree == Position("end"):
        return Sequence(())
    if isinstance(tree, Sequence) and tree.parts and tree.parts[-1] == Position("end"):
        return Sequence(tree.parts[:-1])
    return tree


def _ends(tree: Expression) -> bool:
    match tree:
        case Characters():
            return False
        case Position(place):
            return place in ("end", "line-end")
        case Sequence(parts) | Choice(parts):
            return any(map(_ends, parts))
        case Repeat(part, _, _):
            return _ends(part)
        case _:
            assert_never(tree)


_PLACES = {
    "start": r"\A",
    "line-start": "(?m:^)",
    "word-edge": r"\b",
    "word-inside": r"\B",
}


def _written(tree: Expression) -> str:
    """RE2's text of a tree, without the character `?`."""
    match tree:
        case Characters(ranges):
            return _characters(_without_mark(ranges))
        case Position(place):
            return _PLACES[place]
        case Sequence(parts):
            return "".join(_grouped(p) if isinstance(p, Choice) else _written(p) for p in parts)
        case Choice(options):
            return "|".join(map(_written, options))
        case Repeat(part, low, high):
            return f"{_grouped(part)}{_times(low, high)}"
        case _:
            assert_never(tree)


def _grouped(tree: Expression) -> str:
    text = _written(tree)
    return text if isinstance(tree, Characters) and text != "" else f"(?:{text})"


def _times(low: int, high: int | None) -> str:
    short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
    if short is not None:
        return short
    if low == high:
        return f"{{{low}}}"
    return f"{{{low},{'' if high is None else high}}}"


def _without_mark(ranges: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if low <= _MARK <= high:
            found += [(low, _MARK - 1)] if low < _MARK else []
            found += [(_MARK + 1, high)] if high > _MARK else []
        else:
            found.append((low, high))
    return tuple(found)


def _characters(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\x00-\x{10FFFF}]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _character(ranges[0][0])
    others = complement(ranges)
    if others and ranges[-1][1] == 0x10FFFF:
        return f"[^{''.join(_range(low, high) for low, high in others)}]"
    return f"[{''.join(_range(low, high) for low, high in ranges)}]"


def _range(low: int, high: int) -> str:
    """A range in a class, where few characters need a `\\`."""
    ends = [low] if low == high else [low, high]
    return "-".join(_character(code, special="\\]^-[") for code in ends)


def _character(code: int, special: str = ".*+?()[]{}|^$\\") -> str:
    if 0x20 < code < 0x7F:
        return f"\\{chr(code)}" if chr(code) in special else chr(code)
    return "\\n" if code == 10 else f"\\x{{{code:X}}}"
