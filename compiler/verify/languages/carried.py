"""What each part of a request can be at all, as the protocols carry it.

A proxy never sees anything else as a request: it is refused before, or `opaque`. Where proxies differ, the
wider set is taken, so nothing that may arrive is left out.
"""

from enum import IntEnum
from functools import cache, lru_cache

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.characters import Ranges, spans
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.expression_tree import Expression
from cpc.compiler.verify.languages.combine import meet, with_anything_after
from cpc.compiler.verify.languages.determinise import determinise
from cpc.compiler.verify.languages.joints import joints_of
from cpc.compiler.verify.languages.language import Language, plain, plain_start
from cpc.compiler.verify.languages.limits import STATE_LIMIT, LimitReached, TooLarge

__all__ = [
    "LAST_KAFKA_NUMBER",
    "OPTIONAL",
    "PREFERRED",
    "What",
    "carried",
    "exactly",
    "expressed",
    "starting_with",
]


class What(IntEnum):
    """The parts of requests, in the order in which questions about several are taken apart."""

    KEY = 0
    VERSION = 1
    METHOD = 2
    CLIENT = 3
    TOPIC = 4
    HEADER = 5
    HOST = 6
    NAME = 7
    PATH = 8


OPTIONAL = frozenset({What.HEADER, What.TOPIC})
"""The parts that a request may lack."""

LAST_KAFKA_NUMBER = 32767
"""The last api key, and the last version: both are INT16, and not negative."""

_NEVER: dict[What, Ranges] = {
    # RFC 9113, 8.2.1: no field holds NUL, LF or CR, and `:path` is one
    What.PATH: spans("\0\0\n\n\r\r"),
    What.HEADER: spans("\0\0\n\n\r\r"),
}
"""Characters that cannot be carried; here, languages do not tell them from their neighbours."""

_TEXTS = {
    # RFC 9110, 5.6.2 and 9.1: a token
    What.METHOD: "[!#$%&'*+.^_`|~0-9A-Za-z-]+",
    # normalised, so it starts with `/`
    What.PATH: "(?s)/.*",
    # without port, in lower case; RFC 3986, 3.2: the characters of an authority
    What.HOST: r"[a-z0-9._~!$&'()*+,;=:@%\[\]-]*",
    # RFC 9110, 5.5: no white space at the ends
    What.HEADER: r"(?s)([^\t ](.*[^\t ])?)?",
    # any string; a topic's name is not empty
    What.CLIENT: "(?s).*",
    What.TOPIC: "(?s).+",
    # RFC 1034, 3.1: labels of any characters but none empty; the root is the empty name; lower case
    What.NAME: r"([^.A-Z]+(\.[^.A-Z]+)*)?",
}

PREFERRED: dict[What, tuple[str, ...]] = {
    What.METHOD: ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    What.NAME: ("example.com",),
}
"""Texts that read better than the shortest ones, where they show the same."""


@cache
def carried(what: What) -> Language:
    """Every text of a part of requests."""
    table = determinise(
        joints_of(parse_expression(_TEXTS[what]), _NEVER.get(what, ())), STATE_LIMIT
    )
    if table is None:
        raise InternalError(f"what a {what.name.lower()} can be is too large")
    return Language.of((what.name.lower(),), table)


@lru_cache(maxsize=1 << 18)
def expressed(what: What, expression: str, limit: int, *, any_query: bool = False) -> Language:
    """What an expression matches of what can be carried; LimitReached. Kept.

    With `any_query` it matches what precedes the first `?`.
    """
    return _fitting(what, expression, parse_expression(expression), limit, any_query)


@lru_cache(maxsize=1 << 18)
def exactly(what: What, text: str, limit: int) -> Language:
    """One text, if it can be carried; LimitReached. Kept."""
    return _fitting(what, text, plain(text), limit)


@lru_cache(maxsize=1 << 18)
def starting_with(what: What, text: str, limit: int) -> Language:
    """What can be carried and starts with a text; LimitReached. Kept."""
    return _fitting(what, f"{text}*", plain_start(text), limit)


def _fitting(
    what: What, name: str, tree: Expression, limit: int, any_query: bool = False
) -> Language:
    table = determinise(joints_of(tree, _NEVER.get(what, ())), limit)
    if table is not None:
        if any_query:
            table = with_anything_after("?", table)
        table = meet(table, carried(what).automaton, limit)
    if table is None:
        raise LimitReached(TooLarge((name,), limit))
    found = Language.of((name,), table)
    return carried(what) if found.automaton == carried(what).automaton else found
