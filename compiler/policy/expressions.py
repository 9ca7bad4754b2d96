"""The regular expressions of policies: the part of RE2 that every engine here reads alike.

The proxy matches with RE2, the reference with Python's `re`; they differ in `$`, `\\s`, `\\d`, case folding,
`{,n}` and more. So an expression is parsed by RE2's rules into characters, sequences, choices and
repetitions, and Python only ever sees a pattern written from that tree. What would not mean the same is
refused.
"""

import re
from functools import lru_cache
from typing import assert_never

from cpc.compiler.policy.characters import ExpressionError
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
    Sequence,
)

__all__ = ["check_expression", "whole_match"]


def check_expression(text: str) -> str | None:
    """What is wrong with an expression, as a diagnostic's message; None: nothing."""
    try:
        parse_expression(text)
    except ExpressionError as error:
        return str(error)
    return None


def whole_match(expression: str, text: str) -> bool:
    """Whether the expression matches all of `text`; ExpressionError as in `parse_expression`."""
    return _pattern(expression).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(_python(parse_expression(expression)), re.ASCII)


_PYTHON_PLACES = {
    "start": r"\A",
    "end": r"\Z",
    "line-start": r"(?:\A|(?<=\n))",
    "line-end": r"(?:\Z|(?=\n))",
    "word-edge": r"\b",
    "word-inside": r"(?:\B|\A\Z)",  # before 3.14, `\B` fails on the empty string
}


def _python(tree: Expression) -> str:
    match tree:
        case Characters(ranges):
            if not ranges:
                return "(?!)"
            if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:  # quicker to compile than a set
                return f"\\U{ranges[0][0]:08x}"
            return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"
        case Position(place):
            return _PYTHON_PLACES[place]
        case Sequence(parts):
            return "".join(f"(?:{_python(p)})" for p in parts)
        case Choice(options):
            return "|".join(_python(o) for o in options)
        case Repeat(part, low, high):
            return f"(?:{_python(part)}){{{low},{'' if high is None else high}}}"
        case _:
            assert_never(tree)
