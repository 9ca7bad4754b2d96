"""Request parts as Cilium's: `http`, `kafka`, `dns`.

Source: Cilium's pkg/policy/api (l7.go, http.go, kafka, fqdn.go). A call of gRPC is its HTTP request.
"""

from collections.abc import Callable, Sequence
from typing import assert_never

from cpc.compiler.exports.paths import literal, with_any_query
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.kafka import API_KEYS, ROLES
from cpc.compiler.policy.model import (
    Direction,
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    Matcher,
    Rule,
)

__all__ = ["name_selector", "request_rules"]

_LAST_KEY = 33
"""Cilium names the api keys up to AlterConfigs."""

_KEY_NAMES = {key: name for name, key in API_KEYS.items() if key <= _LAST_KEY}
"""Names by key; of two, Cilium's own, which come last."""


def request_rules(rule: Rule, refusals: Refusals) -> Document | None:
    """`rules` of the ports; None where the rule has no request part (after a refusal fewer: CPC855)."""
    if rule.l7 is None:
        return None
    if rule.l7.protocol == "dns" and rule.direction is Direction.INGRESS:
        _refuse(refusals, rule, "has no DNS names at ingress", "write `egress allow`")
    protocol = "http" if rule.l7.protocol == "grpc" else rule.l7.protocol
    found = [d for m in rule.l7.matchers for d in _matcher(m, rule, refusals)]
    return {protocol: found}


def _refuse(refusals: Refusals, rule: Rule, what: str, help: str) -> None:
    refusals.refuse("CPC855", f"{refusals.what} {what}", rule.origin, help)


def _matcher(matcher: Matcher, rule: Rule, refusals: Refusals) -> list[Document]:
    match matcher:
        case HttpMatch():
            return [_http(matcher, rule, refusals)]
        case GrpcMatch(service, method, headers):
            call = "[^/?]+" if method is None else literal(method)
            found: Document = {"method": "POST", "path": f"/{literal(service)}/{call}"}
            return [found | _headers(headers, rule, refusals)]
        case KafkaMatch():
            return _kafka(matcher, rule, refusals)
        case DnsMatch(pattern):
            return [name_selector(pattern)]
        case _:
            assert_never(matcher)


def name_selector(pattern: str) -> Document:
    """A DNS name or pattern, of `dns` rules and of `toFQDNs`."""
    return {"matchPattern" if "*" in pattern else "matchName": pattern}


# --- http --------------------------------------------------------------------------------------


def _http(matcher: HttpMatch, rule: Rule, refusals: Refusals) -> Document:
    path = matcher.path
    if path is not None and matcher.any_query:
        path = with_any_query(path)
        if path is None:
            _refuse(
                refusals,
                rule,
                "matches paths with their query, and this path asks for its end in the middle",
                "write the path with `path`, as an expression that includes the query",
            )
    parts = (("method", matcher.method), ("path", path), ("host", matcher.host))
    found: Document = {name: text or "^$" for name, text in parts if text is not None}
    return found | _headers(matcher.headers, rule, refusals)


def _headers(headers: Sequence[HeaderMatch], rule: Rule, refusals: Refusals) -> Document:
    present = [h.name for h in headers if h.op == "present"]
    equal = [{"name": h.name, "value": h.value} for h in headers if h.op == "=" and h.value]
    for header in headers:
        if header.op == "~":
            what = "has no expressions for values of headers"
            _refuse(refusals, rule, what, 'write the values, as in `header "X" = "v"`')
        elif header.op == "=" and not header.value:
            what = "takes an empty value of a header for any value"
            _refuse(refusals, rule, what, "ask for another value, or only that the header is there")
    found: Document = {}
    if present:
        found["headers"] = present
    if equal:
        found["headerMatches"] = equal
    return found


# --- kafka -------------------------------------------------------------------------------------


def _kafka(matcher: KafkaMatch, rule: Rule, refusals: Refusals) -> list[Document]:
    rest: Document = {}
    if matcher.version is not None:
        rest["apiVersion"] = str(matcher.version)
    if matcher.client is not None:
        rest["clientID"] = matcher.client
    if matcher.topic is not None:
        rest["topic"] = matcher.topic
    if matcher.client == "":
        what = "takes an empty client id for any"
        _refuse(refusals, rule, what, "name the client, or leave `client` out")
    if matcher.topic is not None and matcher.topic.endswith("*"):
        what = "has no prefixes of topics"
        _refuse(refusals, rule, what, "write a matcher for each topic")
    if matcher.api_keys is None:
        return [rest]
    role = next((r for r, keys in ROLES.items() if keys == matcher.api_keys), None)
    if role is not None:
        return [{"role": role} | rest]
    return [
        {"apiKey": name} | rest
        for key in sorted(matcher.api_keys)
        if (name := _key_name(key, lambda what, help: _refuse(refusals, rule, what, help)))
    ]


def _key_name(key: int, refuse: Callable[[str, str], None]) -> str | None:
    name = _KEY_NAMES.get(key)
    if name is None:
        refuse(f"has no name for the api key {key}", "leave it out, or allow every api")
    return name
