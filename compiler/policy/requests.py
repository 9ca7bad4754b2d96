"""Whether one matcher of a request part matches one request."""

import re
from typing import assert_never

from cpc.compiler.policy.expressions import whole_match
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

__all__ = [
    "TOPICLESS_API_KEYS",
    "name_expression",
    "name_matches",
    "plain_host",
    "request_matches",
]

TOPICLESS_API_KEYS = frozenset(
    {
        *(7, 10, 11, 12, 13, 14, 15, 16, 17, 18),  # shutdown, coordinators, groups, SASL, versions
        *(22, 25, 26, 65, 66),  # transactions, but for their partitions
        *(36, 38, 39, 40, 41),  # authentication, delegation tokens
        *(42, 69, 77, 89),  # groups, by their names
        *(48, 49, 50, 51),  # quotas and credentials of users
        *(57, 60, 62, 63, 64, 67, 70, 80, 81, 82),  # features, cluster, brokers, controllers
        *(71, 72, 74),  # telemetry, kinds of configuration
    }
)
"""Api keys whose requests have no field for a topic in any version (Kafka's message schemas, keys 0-92).

Not here: ACLs (29-31) and configurations (32, 33, 44), whose resource may be a topic; Envelope (58),
which wraps any request; and every key that the schemas do not know.
"""


_METHOD = re.compile(r"[^/?]+")


def _whole(expression: str | None, text: str) -> bool:
    return expression is None or whole_match(expression, text)


def _header(match: HeaderMatch, headers: tuple[tuple[str, str], ...]) -> bool:
    """A header sent several times has one value, joined by commas (RFC 9110 5.3, CVE-2020-25017)."""
    values = [value for name, value in headers if name == match.name.lower()]
    if not values:
        return False
    match match.op:
        case "present":
            return True
        case "=":
            return ",".join(values) == match.value
        case _:
            return _whole(match.value, ",".join(values))


def plain_host(host: str) -> str:
    """What expressions about a host match: lower case, without port and trailing dot; `[::1]:80` is `[::1]`."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or port.strip("0123456789"):
        name = host.lower()
    return name.removesuffix(".")


def _http(match: HttpMatch, request: HttpRequest) -> bool:
    path = request.path.split("?", 1)[0] if match.any_query else request.path
    return (
        _whole(match.method, request.method)
        and _whole(match.path, path)
        and _whole(match.host, plain_host(request.host))
        and all(_header(h, request.headers) for h in match.headers)
    )


def _grpc(match: GrpcMatch, request: HttpRequest) -> bool:
    """`POST /pkg.Service/Method`; every method: one segment, not empty."""
    root, _, call = request.path.partition("/")
    service, _, method = call.partition("/")
    wanted = method == match.method if match.method is not None else _METHOD.fullmatch(method)
    return (
        request.method == "POST"
        and not root
        and service == match.service
        and bool(wanted)
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


def name_expression(pattern: str) -> str | None:
    """The expression of the DNS names that a pattern matches; None: it matches every name.

    `*` stands for any run, also none, of letters, digits, `-` and `_`, so never for a dot; alone it
    stands for every name, and `**.` in front for one or more whole labels (Cilium's `matchPattern`).
    """
    if pattern == "*":
        return None
    below = pattern.startswith("**.")
    rest = re.escape(pattern.removeprefix("**.")).replace(r"\*", "[-a-zA-Z0-9_]*")
    return rf"([-a-zA-Z0-9_]+\.)+{rest}" if below else rest


def name_matches(pattern: str, name: str) -> bool:
    """Whether a DNS name matches a pattern, both lower case and without the trailing dot."""
    return _whole(name_expression(pattern), name)


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
            return isinstance(request, DnsQuery) and name_matches(matcher.pattern, request.name)
        case _:
            assert_never(matcher)
