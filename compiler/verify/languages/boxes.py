"""Matchers as boxes: each part of a request in a set of its own, whatever the other parts are."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import TypeAlias, assert_never

from msgspec import Struct

from cpc.compiler.policy.model import (
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    Matcher,
)
from cpc.compiler.policy.requests import TOPICLESS_API_KEYS, name_expression
from cpc.compiler.verify.languages.carried import (
    OPTIONAL,
    What,
    carried,
    exactly,
    expressed,
    starting_with,
)
from cpc.compiler.verify.languages.language import Language
from cpc.compiler.verify.languages.parts import (
    ABSENT,
    Numbers,
    Part,
    Where,
    common_language,
    common_part,
)

__all__ = ["Box", "Protocol", "boxes_of", "common_box", "expressions_of"]


class Protocol(Enum):
    """Protocols that have no requests in common; gRPC is HTTP."""

    HTTP = auto()
    KAFKA = auto()
    DNS = auto()


class Box(Struct, frozen=True, eq=False):
    """Requests whose parts are in the sets of `parts`; no set is empty, and parts that are free have none.

    Languages are within what can be carried.
    """

    protocol: Protocol
    parts: Mapping[Where, Part]


def boxes_of(matcher: Matcher, limit: int) -> tuple[Box, ...]:
    """Boxes that hold the matcher's requests together; none: it matches no request. LimitReached."""
    match matcher:
        case HttpMatch():
            return _boxes(Protocol.HTTP, _http(matcher, limit), limit)
        case GrpcMatch():
            return _boxes(Protocol.HTTP, _grpc(matcher, limit), limit)
        case KafkaMatch():
            return tuple(_kafka(matcher, limit))
        case DnsMatch(pattern):
            return _boxes(
                Protocol.DNS, _expression(What.NAME, name_expression(pattern), limit), limit
            )
        case _:
            assert_never(matcher)


_Texts: TypeAlias = Iterator[tuple[Where, Language]]
"""What texts of parts must be in; of one part there may be several."""


def _expression(what: What, expression: str | None, limit: int) -> _Texts:
    if expression is not None:
        yield Where(what), expressed(what, expression, limit)


def _http(match: HttpMatch, limit: int) -> _Texts:
    yield from _expression(What.METHOD, match.method, limit)
    yield from _expression(What.HOST, match.host, limit)
    if match.path is not None:
        path = expressed(What.PATH, match.path, limit, any_query=match.any_query)
        yield Where(What.PATH), path
    yield from _headers(match.headers, limit)


def _grpc(match: GrpcMatch, limit: int) -> _Texts:
    yield Where(What.METHOD), exactly(What.METHOD, "POST", limit)
    start = f"/{match.service}/"
    if match.method is None:
        path = expressed(What.PATH, f"{re.escape(start)}[^/?]+", limit)
    else:
        path = exactly(What.PATH, start + match.method, limit)
    yield Where(What.PATH), path
    yield from _headers(match.headers, limit)


def _headers(headers: tuple[HeaderMatch, ...], limit: int) -> _Texts:
    for header in headers:
        where = Where(What.HEADER, header.name.lower())
        match header.op:
            case "present":
                yield where, carried(What.HEADER)
            case "=":
                yield where, exactly(What.HEADER, header.value, limit)
            case _:
                yield where, expressed(What.HEADER, header.value, limit)


def _kafka(match: KafkaMatch, limit: int) -> Iterator[Box]:
    """Two boxes: requests that never name a topic, which no topic keeps out, and the others."""
    keys = match.api_keys
    never = TOPICLESS_API_KEYS if keys is None else TOPICLESS_API_KEYS & keys
    may = (
        Numbers(TOPICLESS_API_KEYS, others=True)
        if keys is None
        else Numbers(keys - TOPICLESS_API_KEYS)
    )
    common: dict[Where, Part] = {}
    if match.version is not None:
        common[Where(What.VERSION)] = Numbers(frozenset({match.version}))
    if match.client is not None:
        common[Where(What.CLIENT)] = exactly(What.CLIENT, match.client, limit)
    key, topic = Where(What.KEY), Where(What.TOPIC)
    if never:
        yield Box(Protocol.KAFKA, {**common, key: Numbers(never), topic: ABSENT})
    if may.others or may.values:
        named = dict(common)
        if match.topic is not None:
            named[topic] = _topic(match.topic, limit)
        yield Box(Protocol.KAFKA, {**named, key: may})


def _topic(topic: str, limit: int) -> Language:
    if topic.endswith("*"):
        return starting_with(What.TOPIC, topic[:-1], limit)
    return exactly(What.TOPIC, topic, limit)


def _boxes(protocol: Protocol, texts: _Texts, limit: int) -> tuple[Box, ...]:
    """One box of these texts, or none where nothing that can be carried is left."""
    parts: dict[Where, Part] = {}
    for where, language in texts:
        known = parts.get(where)
        if isinstance(known, Language):
            language = common_language(known, language, limit)
        if language.is_empty:
            return ()
        parts[where] = language
    free = {w for w, p in parts.items() if p is carried(w.what) and w.what not in OPTIONAL}
    return (Box(protocol, {w: p for w, p in parts.items() if w not in free}),)


def common_box(first: Box, second: Box, limit: int) -> Box | None:
    """The requests of both; None: there are none. LimitReached."""
    if first.protocol is not second.protocol:
        return None
    parts = dict(first.parts)
    for where, part in second.parts.items():
        both = common_part(parts[where], part, limit) if where in parts else part
        if both is None:
            return None
        parts[where] = both
    return Box(first.protocol, parts)


def expressions_of(boxes: Iterable[Box]) -> tuple[str, ...]:
    """The names of the languages in boxes, each once."""
    parts = (part for box in boxes for part in box.parts.values())
    names = (name for part in parts if isinstance(part, Language) for name in part.names)
    return tuple(dict.fromkeys(names))
