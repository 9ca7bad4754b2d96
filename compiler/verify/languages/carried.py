"""What each part of a request can be at all, as the protocols carry it.

A proxy never sees anything else as a request: it is refused before, or `opaque`. Where proxies differ, the
wider set is taken, so nothing that may arrive is left out.
"""

from enum import IntEnum
from functools import cache, lru_cache

from cpc.compiler.errors import InternalError
from cpc.compiler.verify.languages.combine import meet
from cpc.compiler.verify.languages.language import Language, expression_language
from cpc.compiler.verify.languages.limits import LimitReached, TooLarge

__all__ = ["LAST_KAFKA_NUMBER", "OPTIONAL", "PREFERRED", "What", "carried", "restricted"]


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

_TEXTS = {
    # RFC 9110, 5.6.2 and 9.1: a token
    What.METHOD: "[!#$%&'*+.^_`|~0-9A-Za-z-]+",
    # normalised, so it starts with `/`; RFC 9113, 8.2.1: no field holds NUL, CR or LF, `:path` neither
    What.PATH: r"/[^\x00\r\n]*",
    # without port, in lower case; RFC 3986, 3.2: the characters of an authority
    What.HOST: r"[a-z0-9._~!$&'()*+,;=:@%\[\]-]*",
    # RFC 9110, 5.5: no NUL, CR or LF, and no white space at the ends
    What.HEADER: r"([^\x00\r\n\t ]([^\x00\r\n]*[^\x00\r\n\t ])?)?",
    # any string; a topic's name is not empty
    What.CLIENT: r"(?s).*",
    What.TOPIC: r"(?s).+",
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
    language = expression_language(_TEXTS[what])
    if isinstance(language, TooLarge):
        raise InternalError(str(language))
    return language


@lru_cache(maxsize=65536)
def restricted(what: What, language: Language, limit: int) -> Language:
    """The texts of a language that can be carried; LimitReached. Kept."""
    found = meet(language, carried(what), limit)
    if isinstance(found, TooLarge):
        raise LimitReached(TooLarge((language.name,), limit))
    return carried(what) if found.automaton == carried(what).automaton else found
