"""The second reading's requests: see `tests/policy/reference.py`."""

import re

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

__all__ = ["name_matched", "request_matched"]

# The keys of Kafka's message schemas whose requests may name a topic: in a field of their own, in the
# name of a resource (ACLs, configurations), or inside a wrapped request (Envelope).
_MAY_NAME_A_TOPIC = frozenset(
    {
        *(0, 1, 2, 3, 4, 5, 6, 8, 9, 19, 20, 21, 23, 24, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37),
        *(43, 44, 45, 46, 47, 52, 53, 54, 55, 56, 58, 59, 61, 68, 73, 75, 76, 78, 79),
        *(83, 84, 85, 86, 87, 88, 90, 91, 92),
    }
)
_LAST_KEY = 92


def _whole(expression: str | None, text: str) -> bool:
    return expression is None or re.fullmatch(expression, text, re.ASCII) is not None


def _host(host: str) -> str:
    bracketed = re.fullmatch(r"(\[[^\]]*\])(:[0-9]*)?", host.lower())
    if bracketed:
        return bracketed[1]
    return re.sub(r":[0-9]*$", "", host.lower()).removesuffix(".")


def _headers(wanted: tuple[HeaderMatch, ...], request: HttpRequest) -> bool:
    for header in wanted:
        values = [v for n, v in request.headers if n.lower() == header.name.lower()]
        joined = ",".join(values)
        if not values:
            return False
        if header.op == "=" and joined != header.value:
            return False
        if header.op == "~" and not _whole(header.value, joined):
            return False
    return True


def name_matched(pattern: str, name: str) -> bool:
    """Character by character: a `*` is any run of letters, digits, `-` and `_`; alone, any name.

    `**.` in front: one label or more, none of them empty.
    """
    if pattern.startswith("**."):
        labels = name.split(".")
        tails = [labels[n:] for n in range(1, len(labels)) if all(map(_is_label, labels[:n]))]
        return any(_dns_rest(pattern[3:], ".".join(tail)) for tail in tails)
    return pattern == "*" or _dns_rest(pattern, name)


def _is_label(text: str) -> bool:
    return bool(text) and all(c.isascii() and (c.isalnum() or c in "-_") for c in text)


def _dns_rest(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] != "*":
        return name[:1] == pattern[0] and _dns_rest(pattern[1:], name[1:])
    if _dns_rest(pattern[1:], name):
        return True
    inside = name[:1].isascii() and (name[:1].isalnum() or name[:1] in ("-", "_"))
    return inside and _dns_rest(pattern, name[1:])


def _topic(wanted: str | None, element: KafkaElement) -> bool:
    if wanted is None:
        return True
    if element.topic is None:
        return 0 <= element.api_key <= _LAST_KEY and element.api_key not in _MAY_NAME_A_TOPIC
    if wanted.endswith("*"):
        return element.topic.startswith(wanted[:-1])
    return element.topic == wanted


def request_matched(matcher: Matcher, request: Request) -> bool:
    """Whether one matcher matches one request (a Kafka request of one element)."""
    match matcher, request:
        case _, Opaque():
            return False
        case HttpMatch(), HttpRequest():
            path = request.path.partition("?")[0] if matcher.any_query else request.path
            return (
                _whole(matcher.method, request.method)
                and _whole(matcher.path, path)
                and _whole(matcher.host, _host(request.host))
                and _headers(matcher.headers, request)
            )
        case GrpcMatch(), HttpRequest():
            parts = request.path.split("/")
            return (
                request.method == "POST"
                and len(parts) == 3
                and parts[0] == ""
                and parts[1] == matcher.service
                and parts[2] != ""
                and "?" not in parts[2]
                and matcher.method in (None, parts[2])
                and _headers(matcher.headers, request)
            )
        case KafkaMatch(), KafkaRequest():
            (element,) = request.elements
            return (
                (matcher.api_keys is None or element.api_key in matcher.api_keys)
                and matcher.version in (None, element.version)
                and matcher.client in (None, element.client)
                and _topic(matcher.topic, element)
            )
        case DnsMatch(), DnsQuery():
            return name_matched(matcher.pattern, request.name)
        case _:
            return False
