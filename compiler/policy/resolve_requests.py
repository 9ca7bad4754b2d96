"""Request parts of rules: HTTP, gRPC, Kafka and DNS matchers."""

import re
from collections.abc import Sequence
from typing import assert_never

from cpc.compiler.diagnostics import error, suggest, warning
from cpc.compiler.policy.expressions import check_expression
from cpc.compiler.policy.kafka import API_KEYS, MAX_TOPIC, ROLES, is_topic
from cpc.compiler.policy.model import (
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    L7Match,
    Matcher,
    PortRange,
    Protocol,
)
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_addresses import Addresses
from cpc.compiler.policy.resolve_ports import PortSet
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Requests", "protocol_of"]

_TCP = frozenset({int(Protocol.TCP)})
_CARRIED_BY = {
    "http": _TCP,
    "grpc": _TCP,
    "kafka": _TCP,
    "dns": _TCP | {int(Protocol.UDP)},
}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2: methods and header names."""

_GRPC = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)/(\*|[A-Za-z_]\w*)", re.ASCII)


def protocol_of(part: tree.L7) -> str:
    """The word of a request part."""
    match part:
        case tree.Http():
            return "http"
        case tree.Grpc():
            return "grpc"
        case tree.Kafka():
            return "kafka"
        case tree.Dns():
            return "dns"
        case _:
            assert_never(part)


class Requests:
    """Resolves request parts; errors are CPC340, CPC342-CPC345 and CPC347."""

    def __init__(self, scope: Scope, values: Values, addresses: Addresses) -> None:
        self._scope = scope
        self._values = values
        self._addresses = addresses

    def part(self, part: tree.L7) -> L7Match | None:
        """A request part with at least one matcher; None after an error."""
        found: Sequence[Matcher | None]
        match part:
            case tree.Http(matchers):
                found = [self._http(m) for m in matchers]
            case tree.Grpc(matchers):
                found = [self._grpc(m) for m in matchers]
            case tree.Kafka(matchers):
                found = [self._kafka(m) for m in matchers]
            case tree.Dns(names):
                found = [self._dns(n) for n in names]
            case _:
                assert_never(part)
        protocol = protocol_of(part)
        if not found:
            self._refuse(
                "CPC343",
                f"this `{protocol}` part has no matcher, so it matches no request",
                part.span,
                "write a matcher, or remove the rule",
            )
        known = tuple(m for m in found if m is not None)
        return L7Match(protocol, known) if known and len(known) == len(found) else None

    def carried(self, part: tree.L7, ports: PortSet | None) -> bool:
        """Whether the rule's ports can carry the part: explicit ones, of the right protocols (CPC342)."""
        protocol = protocol_of(part)
        carriers = _CARRIED_BY[protocol]
        words = " or ".join(f"`{Protocol(c).name.lower()}`" for c in sorted(carriers))
        ranges = () if ports is None else ports.ranges
        used = {r.protocol for r in ranges}
        if ports is not None:
            used.update(p for n in ports.named for p in n.protocols)
        whole = any(r == PortRange(r.protocol) for r in ranges)
        if ports is None or (whole and used <= carriers):
            self._refuse(
                "CPC342",
                f"`{protocol}` needs ports",
                part.span,
                f"say which ports of {words} carry it, as in `tcp/8080`",
            )
            return False
        if not used <= carriers:
            self._refuse(
                "CPC342", f"`{protocol}` is carried by {words} only", part.span, "narrow the ports"
            )
            return False
        return True

    # --- http and grpc -------------------------------------------------------------------------

    def _http(self, matcher: tree.HttpMatcher) -> HttpMatch | None:
        method = (
            self._short_method(matcher)
            if matcher.short
            else self._regex(matcher.method, "a method")
        )
        path = self._regex(matcher.path, "a path")
        host = self._regex(matcher.host, "a host")
        headers = [self._header(h) for h in matcher.headers]
        wanted = (matcher.method, matcher.path, matcher.host)
        failed = any(
            w is not None and f is None for w, f in zip(wanted, (method, path, host), strict=True)
        )
        if failed or None in headers:
            return None
        if matcher.host is not None and host is not None and re.search(r"(?<!\\)[A-Z]", host):
            self._scope.diagnostics.append(
                warning(
                    "CPC347",
                    "hosts are compared in lower case, so this never matches",
                    matcher.host.span,
                    help="write it in lower case",
                )
            )
        known = tuple(h for h in headers if h is not None)
        return HttpMatch(method, path, host, known, any_query=matcher.short)

    def _short_method(self, matcher: tree.HttpMatcher) -> str | None:
        """The one method of `GET "/x"`, as the expression that matches just it."""
        if matcher.method is None:
            return None
        value = matcher.method
        text = value.text if isinstance(value, tree.Name) else self._values.text(value, "a method")
        if text is not None and not _TOKEN.fullmatch(text):
            self._refuse(
                "CPC343", f"`{text}` is no HTTP method", value.span, "write it as in `GET`"
            )
            return None
        return None if text is None else re.sub(r"([^A-Za-z0-9_-])", r"\\\1", text)

    def _regex(self, value: tree.Value | None, what: str) -> str | None:
        text = None if value is None else self._values.text(value, what)
        if value is None or text is None:
            return None
        wrong = check_expression(text)
        if wrong is None:
            return text
        self._refuse(
            "CPC340", wrong, value.span, "expressions have RE2's syntax and match the whole text"
        )
        return None

    def _header(self, header: tree.Header) -> HeaderMatch | None:
        name = header.name.value
        if not _TOKEN.fullmatch(name):
            self._refuse(
                "CPC343",
                f"`{name}` is no header name",
                header.name.span,
                "write the name alone, without `:`",
            )
            return None
        if header.value is None:
            return HeaderMatch(name.lower(), "present")
        if header.op == "~":
            value = self._regex(header.value, "a header's value")
        else:
            value = self._values.text(header.value, "a header's value")
        return None if value is None else HeaderMatch(name.lower(), header.op, value)

    def _grpc(self, matcher: tree.GrpcMatcher) -> GrpcMatch | None:
        text = self._values.text(matcher.method, "a gRPC method")
        headers = [self._header(h) for h in matcher.headers]
        if text is None or None in headers:
            return None
        parts = _GRPC.fullmatch(text)
        if parts is None:
            self._refuse(
                "CPC344",
                f"`{text}` is no gRPC method",
                matcher.method.span,
                "write `package.Service/Method`, or `package.Service/*` for all of a service",
            )
            return None
        method = None if parts[2] == "*" else parts[2]
        return GrpcMatch(parts[1], method, tuple(h for h in headers if h is not None))

    # --- kafka and dns -------------------------------------------------------------------------

    def _kafka(self, matcher: tree.KafkaMatcher) -> KafkaMatch | None:
        topic, client = (
            None if v is None else self._values.text(v, what)
            for v, what in ((matcher.topic, "a topic"), (matcher.client, "a client id"))
        )
        keys = self._api_keys(matcher)
        version = None if matcher.version is None else matcher.version.value
        failed = (
            (matcher.topic is not None and topic is None)
            or (matcher.client is not None and client is None)
            or (matcher.api is not None and keys is None)
        )
        if matcher.topic is not None and topic is not None and not is_topic(topic):
            self._refuse(
                "CPC345",
                f"`{topic[:80]}` is no topic",
                matcher.topic.span,
                f"a topic has up to {MAX_TOPIC} of a-z, A-Z, 0-9, `.`, `_` and `-`; a last `*` makes it a prefix",
            )
            failed = True
        if matcher.version is not None and matcher.version.value > 32767:
            self._refuse(
                "CPC345", "no api has this version", matcher.version.span, "the largest is 32767"
            )
            failed = True
        return None if failed else KafkaMatch(keys, version, client, topic)

    def _api_keys(self, matcher: tree.KafkaMatcher) -> frozenset[int] | None:
        """The api keys of a role or of one api; None for all of them, or after an error."""
        if matcher.role is not None:
            if matcher.api is not None:
                self._refuse(
                    "CPC345",
                    f"`{matcher.role}` is a role: it already says which api keys",
                    matcher.api.span,
                    "leave out either the role or `api`",
                )
                return None
            return ROLES[matcher.role]
        if matcher.api is None:
            return None
        constant = self._values.constant(matcher.api, "an api")
        if constant is None:
            return None
        if constant.number is not None and constant.number <= 32767:
            return frozenset({constant.number})
        name = (constant.text or "").lower()
        if name in API_KEYS:
            return frozenset({API_KEYS[name]})
        near = suggest(name, tuple(API_KEYS))
        help = (
            f"did you mean `{near}`?"
            if near
            else "write an api's name, such as `fetch`, or its key"
        )
        self._refuse("CPC345", "no api has this name or key", matcher.api.span, help)
        return None

    def _dns(self, value: tree.Value) -> DnsMatch | None:
        text = self._values.text(value, "a DNS name")
        pattern = text and self._addresses.pattern(text, value.span)
        return DnsMatch(pattern) if pattern else None

    def _refuse(self, code: str, message: str, span: Span, help: str) -> None:
        self._scope.diagnostics.append(error(code, message, span, help=help))
