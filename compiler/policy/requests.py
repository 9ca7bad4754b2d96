"""Whether one matcher of a request part matches one request."""

import re
from functools import lru_cache
from typing import assert_never

from cpc.compiler.policy.flow import (
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Opaque,
    Request,
)
from cpc.compiler.policy.model import (
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    Matcher,
)

__all__ = ["TOPICLESS_API_KEYS", "request_matches"]

TOPICLESS_API_KEYS = frozenset(
    {10, 11, 12, 13, 14, 15, 16, 17, 18, 22, 25, 26, 29, 30, 31, 32, 33, 36, 38, 39, 40, 41}
)
"""Api keys whose requests never name a topic (Kafka protocol guide): FindCoordinator (10), the group
membership calls, SaslHandshake, ApiVersions and the cluster administration calls."""


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _whole(pattern: str | None, text: str) -> bool:
    return pattern is None or _compiled(pattern).fullmatch(text) is not None


def _header(match: HeaderMatch, headers: tuple[tuple[str, str], ...]) -> bool:
    values = [value for name, value in headers if name == match.name.lower()]
    match match.op:
        case "present":
            return bool(values)
        case "=":
            return match.value in values
        case _:
            return any(_whole(match.value, value) for value in values)


def _http(match: HttpMatch, request: HttpRequest) -> bool:
    path = request.path.split("?", 1)[0] if match.any_query else request.path
    host = request.host.lower().split(":", 1)[0].removesuffix(".")
    return (
        _whole(match.method, request.method)
        and _whole(match.path, path)
        and _whole(match.host, host)
        and all(_header(h, request.headers) for h in match.headers)
    )


def _grpc(match: GrpcMatch, request: HttpRequest) -> bool:
    service, _, method = request.path.removeprefix("/").partition("/")
    return (
        request.method == "POST"
        and service == match.service
        and (match.method is None or method == match.method)
        and all(_header(h, request.headers) for h in match.headers)
    )


def _topic(match: KafkaMatch, element: KafkaElement) -> bool:
    if match.topic is None:
        return True
    if element.topic is None:
        return element.api_key in TOPICLESS_API_KEYS
    if match.topic.endswith("*"):
        return element.topic.startswith(match.topic[:-1])
    return element.topic == match.topic


def _kafka(match: KafkaMatch, element: KafkaElement) -> bool:
    return (
        (match.api_keys is None or element.api_key in match.api_keys)
        and (match.version is None or element.version == match.version)
        and (match.client is None or element.client == match.client)
        and _topic(match, element)
    )


def _dns(match: DnsMatch, query: DnsQuery) -> bool:
    """`*` stands for any run of characters of one label, and alone for every name (as in Cilium)."""
    if match.pattern == "*":
        return True
    pattern = re.escape(match.pattern).replace(r"\*", "[-a-zA-Z0-9_]*")
    return _whole(pattern, query.name)


def request_matches(matcher: Matcher, request: Request) -> bool:
    """Whether one matcher matches one request; opaque bytes match nothing.

    A Kafka request given here has one element: `decide` takes requests apart.
    """
    if isinstance(request, Opaque):
        return False
    match matcher:
        case HttpMatch():
            return isinstance(request, HttpRequest) and _http(matcher, request)
        case GrpcMatch():
            return isinstance(request, HttpRequest) and _grpc(matcher, request)
        case KafkaMatch():
            return isinstance(request, KafkaRequest) and all(
                _kafka(matcher, element) for element in request.elements
            )
        case DnsMatch():
            return isinstance(request, DnsQuery) and _dns(matcher, request)
        case _:
            assert_never(matcher)
