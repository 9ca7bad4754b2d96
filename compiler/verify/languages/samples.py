"""Requests that a matcher surely matches, read off its expressions without an automaton.

Most paths and hosts show a short text; of the others nothing is said.
"""

from collections.abc import Sequence
from functools import lru_cache

from cpc.compiler.policy.characters import Ranges
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import Characters, Choice, Expression, Position, Repeat
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import HttpMatch, Matcher
from cpc.compiler.verify.languages.alphabet import readable
from cpc.compiler.verify.languages.boxes import Protocol
from cpc.compiler.verify.languages.carried import What, carried, expressed
from cpc.compiler.verify.languages.cover import Point
from cpc.compiler.verify.languages.limits import Allowance
from cpc.compiler.verify.languages.parts import Value, Where, values
from cpc.compiler.verify.languages.points import request_at

__all__ = ["sample_request", "sample_text"]

_FIRST, _LAST = 0x20, 0x7E
"""The printable characters of ASCII."""

_LONGEST = 1000
"""Characters of a text that is still a sample."""


def sample_request(matcher: Matcher, limit: int) -> Request | None:
    """A short request that an HTTP matcher matches; None: it takes a closer look. LimitReached."""
    if not isinstance(matcher, HttpMatch) or matcher.headers:
        return None
    point: Point = {}
    if matcher.method is not None:
        method = _method(matcher.method, limit)
        if method is None:
            return None
        point[Where(What.METHOD)] = method
    for what, expression in ((What.PATH, matcher.path), (What.HOST, matcher.host)):
        if expression is None:
            continue
        text = _carried_text(what, expression)
        if text is None or (what is What.PATH and matcher.any_query and "?" in text):
            return None
        point[Where(what)] = text
    return request_at(Protocol.HTTP, point)


@lru_cache(maxsize=1 << 14)
def _method(expression: str, limit: int) -> Value:
    """A method, the usual one where it is matched; None: none is. LimitReached."""
    language = expressed(What.METHOD, expression, limit)
    return values(Where(What.METHOD), language, (), Allowance(limit)).get(0)


@lru_cache(maxsize=1 << 14)
def _carried_text(what: What, expression: str) -> str | None:
    text = sample_text(parse_expression(expression))
    return text if text is not None and carried(what).automaton.accepts(text) else None


def sample_text(tree: Expression) -> str | None:
    """A short, printable text that an expression matches wholly; None: that is not so plain."""
    match tree:
        case Characters(ranges):
            return _character(ranges)
        case Position():
            return None
        case Repeat(part, low, _):
            text = sample_text(part) if low else ""
            return None if text is None or low * len(text) > _LONGEST else low * text
        case Choice(options):
            texts = [text for text in map(sample_text, options) if text is not None]
            return min(texts, key=len, default=None)
        case _:
            return _joined(tree.parts)


def _joined(parts: Sequence[Expression]) -> str | None:
    found = ""
    for part in parts:
        text = sample_text(part)
        if text is None or len(found) + len(text) > _LONGEST:
            return None
        found += text
    return found


@lru_cache(maxsize=4096)
def _character(ranges: Ranges) -> str | None:
    """The printable ASCII character that reads best."""
    printable = [(max(low, _FIRST), min(high, _LAST)) for low, high in ranges]
    ranks = [readable(low, high) for low, high in printable if low <= high]
    return chr(min(ranks)[1]) if ranks else None
