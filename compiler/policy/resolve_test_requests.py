"""Requests of tests: one concrete request each, where a rule's part is a set of them."""

from typing import assert_never

from msgspec import Struct

from cpc.compiler.diagnostics import error
from cpc.compiler.policy.flow import (
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Request,
)
from cpc.compiler.policy.kafka import API_KEYS
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_addresses import dns_pattern
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["TestRequests"]

_ROLE_API = {"produce": API_KEYS["produce"], "consume": API_KEYS["fetch"]}
"""What a role in a test asks for: the call that moves the records."""


class TestRequests(Struct, frozen=True):
    """Resolves the request of a test case; errors are CPC308 and CPC352."""

    scope: Scope
    values: Values

    def request(self, part: tree.L7) -> Request | None:
        """The request; None after an error."""
        match part:
            case tree.Http((matcher,)):
                return self._http(matcher)
            case tree.Grpc((matcher,)):
                return self._grpc(matcher)
            case tree.Kafka((matcher,)):
                return self._kafka(matcher)
            case tree.Dns((name,)):
                return self._dns(name)
            case tree.Http() | tree.Grpc() | tree.Kafka() | tree.Dns():
                self._refuse("a test has one request", part.span, "write one test case for each")
                return None
            case _:
                assert_never(part)

    def _http(self, matcher: tree.HttpMatcher) -> HttpRequest | None:
        method = matcher.method
        if method is None or matcher.path is None:
            self._refuse(
                "a test's request has a method and a path",
                matcher.span,
                'write it as in `GET "/items"`',
            )
            return None
        verb = method.text if isinstance(method, tree.Name) else self._text(method, "a method")
        path = self._text(matcher.path, "a path")
        host = "" if matcher.host is None else self._text(matcher.host, "a host")
        headers = self._headers(matcher.headers)
        if verb is None or path is None or host is None or headers is None:
            return None
        if not path.startswith("/"):
            self._refuse("a path starts with `/`", matcher.path.span, f'write `"/{path}"`')
            return None
        return HttpRequest(verb, path, host, headers)

    def _headers(self, headers: tuple[tree.Header, ...]) -> tuple[tuple[str, str], ...] | None:
        found: list[tuple[str, str]] = []
        for header in headers:
            if header.op != "=" or header.value is None:
                self._refuse(
                    "a test's header has one value",
                    header.span,
                    f'write `header "{header.name.value}" = "..."`',
                )
                return None
            value = self._text(header.value, "a header's value")
            if value is None:
                return None
            found.append((header.name.value.lower(), value))
        return tuple(found)

    def _grpc(self, matcher: tree.GrpcMatcher) -> HttpRequest | None:
        method = self._text(matcher.method, "a gRPC method")
        headers = self._headers(matcher.headers)
        if method is None or headers is None:
            return None
        if method.count("/") != 1 or method.startswith("/") or method.endswith(("/", "*")):
            self._refuse(
                "a test calls one method", matcher.method.span, "write `package.Service/Method`"
            )
            return None
        return HttpRequest("POST", f"/{method}", "", headers)

    def _kafka(self, matcher: tree.KafkaMatcher) -> KafkaRequest | None:
        topic = None if matcher.topic is None else self._text(matcher.topic, "a topic")
        client = "" if matcher.client is None else self._text(matcher.client, "a client id")
        version = 0 if matcher.version is None else matcher.version.value
        key = self._api_key(matcher)
        if key is None or client is None or (matcher.topic is not None and topic is None):
            return None
        return KafkaRequest((KafkaElement(key, version, client, topic),))

    def _api_key(self, matcher: tree.KafkaMatcher) -> int | None:
        if matcher.role is not None and matcher.api is None:
            return _ROLE_API[matcher.role]
        if matcher.role is None and matcher.api is not None:
            constant = self.values.constant(matcher.api, "an api")
            if constant is None:
                return None
            key = API_KEYS.get((constant.text or "").lower(), constant.number)
            if key is not None:
                return key
        self._refuse(
            "a test's Kafka request has one api",
            matcher.span,
            'write `produce`, `consume` or an api by name, as in `api "metadata"`',
        )
        return None

    def _dns(self, name: tree.Value) -> DnsQuery | None:
        text = self._text(name, "a DNS name")
        query = None if text is None else dns_pattern(text)
        if text is not None and (query is None or "*" in query):
            self._refuse("a test asks for one DNS name", name.span, "write it without `*`")
            return None
        return None if query is None else DnsQuery(query)

    def _text(self, value: tree.Value, what: str) -> str | None:
        return self.values.text(value, what)

    def _refuse(self, message: str, span: Span, help: str) -> None:
        self.scope.diagnostics.append(error("CPC352", message, span, help=help))
