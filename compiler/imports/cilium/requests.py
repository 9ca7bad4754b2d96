"""Requests of Cilium's rules: HTTP, Kafka and DNS.

Source: the API reference of Cilium's PortRuleHTTP, HeaderMatch, PortRuleKafka and PortRuleDNS.
"""

import re

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cilium.peers import dns_text
from cpc.compiler.imports.cilium.rule import CiliumRule
from cpc.compiler.policy.kafka import API_KEYS, MAX_TOPIC, ROLES
from cpc.compiler.syntax import tree

__all__ = ["requests"]

_KINDS = ("http", "kafka", "dns", "l7proto", "l7")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2: header names."""


def requests(rule: CiliumRule, node: Node, direction: str) -> tuple[tree.L7, ...] | None:
    """The requests of a port rule: None where it does not look at any, none where it matches no request."""
    parts = rule.fields(node, "`rules`", _KINDS)
    for name in ("l7proto", "l7"):
        if name in parts:
            rule.cannot(
                f"`{name}` cannot be imported: cpc reads no other protocols",
                parts[name][0].span,
                "requests are those of `http`, `kafka` and `dns`",
            )
            return ()
    if not rule.apart(_KINDS, parts, "one port rule", "make a port rule of each") or not parts:
        return () if parts else None
    (name,) = parts
    items = rule.items(parts, name)
    if not items:
        return ()
    span = parts[name][1].span
    if name == "http":
        http = [_http(rule, item) for item in items]
        return (tree.Http(tuple(m for m in http if m is not None), span),)
    if name == "kafka":
        kafka = [_kafka(rule, item) for item in items]
        return (tree.Kafka(tuple(m for m in kafka if m is not None), span),)
    if direction == "ingress":
        rule.wrong(
            "`dns` has no place in ingress rules",
            parts[name][0].span,
            "say at the egress of the clients which names they may ask for",
        )
        return ()
    dns = [dns_text(rule, item, "an item of `dns`") for item in items]
    return (tree.Dns(tuple(m for m in dns if m is not None), span),)


def _value(rule: CiliumRule, parts: Fields, name: str) -> tree.Text | None:
    found = rule.text(parts, name)
    return None if found is None else tree.Text(found.text, found.span)


# --- HTTP --------------------------------------------------------------------------------------


def _http(rule: CiliumRule, node: Node) -> tree.HttpMatcher | None:
    known = ("path", "method", "host", "headers", "headerMatches")
    parts = rule.fields(node, "an item of `http`", known)
    lines = rule.context.sequence(parts["headers"][1], "`headers`") if "headers" in parts else ()
    listed = "headerMatches" in parts
    matches = rule.context.sequence(parts["headerMatches"][1], "`headerMatches`") if listed else ()
    headers = (*(_header(rule, line) for line in lines), *(_match(rule, m) for m in matches))
    found = tuple(h for h in headers if h is not None)
    method, path, host = (_value(rule, parts, name) for name in ("method", "path", "host"))
    if not (method or path or host or found):
        method = tree.Text(".*", node.span)  # a method is any token: this is every request
    return tree.HttpMatcher(False, method, path, host, found, node.span)


def _header(rule: CiliumRule, node: Node) -> tree.Header | None:
    """`Name: value` or `Name value` is this value; `Name` that there is one."""
    line = rule.context.string(node, "a header")
    if line is None:
        return None
    name, space, value = line.text.partition(" ")
    name = name.rstrip(":") if space else name
    if not _TOKEN.fullmatch(name):
        help = "write `Name: value`, with a blank before the value, or `Name`"
        rule.wrong(f"`{line.text}` is no header", line.span, help)
        return None
    text = tree.Text(name, line.span)
    if not space:
        return tree.Header(text, "present", None, line.span)
    return tree.Header(text, "=", tree.Text(value, line.span), line.span)


def _match(rule: CiliumRule, node: Node) -> tree.Header | None:
    parts = rule.fields(node, "an item of `headerMatches`", ("name", "value", "mismatch", "secret"))
    for field, why in (
        ("mismatch", "a request that does not match is denied here, not changed"),
        ("secret", "secrets of the cluster are not known"),
    ):
        if field in parts:
            help = "remove it; where a value is secret, give it to the service, not to the policy"
            rule.cannot(f"`{field}` cannot be imported: {why}", parts[field][0].span, help)
            return None
    name = rule.text(parts, "name")
    if name is None or not _TOKEN.fullmatch(name.text):
        span = node.span if name is None else name.span
        rule.wrong("a header match needs a header's name", span, "write it as in `name: X-Tenant`")
        return None
    value = _value(rule, parts, "value")
    op = "present" if value is None else "="
    return tree.Header(tree.Text(name.text, name.span), op, value, node.span)


# --- Kafka -------------------------------------------------------------------------------------


def _kafka(rule: CiliumRule, node: Node) -> tree.KafkaMatcher | None:
    known = ("role", "apiKey", "apiVersion", "clientID", "topic")
    parts = rule.fields(node, "an item of `kafka`", known)
    if not rule.apart(("role", "apiKey"), parts, "one item", "a role already says which keys"):
        return None
    role, api = rule.text(parts, "role"), rule.text(parts, "apiKey")
    for word, what, names in ((role, "a role", ROLES), (api, "an api key", API_KEYS)):
        if word is not None and word.text.lower() not in names:
            near = suggest(word.text.lower(), tuple(names))
            help = f"did you mean `{near}`?" if near else "write its name, such as `produce`"
            rule.wrong(f"`{word.text}` is no {what.partition(' ')[2]}", word.span, help)
            return None
    topic = rule.text(parts, "topic")
    if topic is not None and not _is_topic(topic):
        help = f"a topic has up to {MAX_TOPIC} of a-z, A-Z, 0-9, `.`, `_` and `-`"
        rule.wrong(f"`{topic.text[:80]}` is no topic", topic.span, help)
        return None
    version = rule.text(parts, "apiVersion")
    if version is not None and not _is_version(version):
        help = "write a number from 0 to 32767, in quotes"
        rule.wrong(f"`{version.text}` is no version of an api", version.span, help)
        return None
    return tree.KafkaMatcher(
        None if role is None else role.text.lower(),
        None if api is None else tree.Text(api.text.lower(), api.span),
        None if version is None else tree.Number(int(version.text), version.span),
        _value(rule, parts, "topic"),
        _value(rule, parts, "clientID"),
        node.span,
    )


def _is_topic(word: Scalar) -> bool:
    text = word.text
    return len(text) <= MAX_TOPIC and bool(_TOPIC.fullmatch(text)) and text not in (".", "..")


def _is_version(word: Scalar) -> bool:
    return word.text.isascii() and word.text.isdecimal() and int(word.text[:6]) <= 32767
