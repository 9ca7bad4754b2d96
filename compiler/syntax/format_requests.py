"""The layout of request parts."""

from collections.abc import Sequence
from typing import assert_never

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format_selectors import value_text
from cpc.compiler.syntax.strings import quote

__all__ = ["matcher_items", "request_line"]

_NOT_METHODS = frozenset({"any", "method", "path", "host", "header"})
"""Words that are keywords where a method may stand."""

Item = tuple[Span, tuple[str, str]]
"""A matcher's place and its text: its head, for columns, and the rest."""


def _header(header: tree.Header) -> str:
    name = quote(header.name.value)
    if header.value is None:
        return f"header {name}"
    return f"header {name} {header.op} {value_text(header.value)}"


def _http(matcher: tree.HttpMatcher) -> tuple[str, str]:
    parts: list[str] = []
    head = ""
    if matcher.short:
        head = _method(matcher.method)
        parts.append(value_text(matcher.path) if matcher.path is not None else "")
    else:
        wanted = (("method", matcher.method), ("path", matcher.path))
        parts += [f"{word} {value_text(value)}" for word, value in wanted if value is not None]
    if matcher.host is not None:
        parts.append(f"host {value_text(matcher.host)}")
    parts += [_header(header) for header in matcher.headers]
    return head, " ".join(parts)


def _method(method: tree.Value | None) -> str:
    if method is None:
        return "any"
    word = method.value if isinstance(method, tree.Text) else value_text(method)
    return f"`{word}`" if word in _NOT_METHODS else str(word)


def _kafka(matcher: tree.KafkaMatcher) -> tuple[str, str]:
    wanted = (
        ("api", matcher.api),
        ("version", matcher.version),
        ("topic", matcher.topic),
        ("client", matcher.client),
    )
    parts = [f"{word} {value_text(value)}" for word, value in wanted if value is not None]
    return matcher.role or ("" if parts else "any"), " ".join(parts)


def _grpc(matcher: tree.GrpcMatcher) -> tuple[str, str]:
    return "call", " ".join([value_text(matcher.method), *map(_header, matcher.headers)])


def _separated(spans: Sequence[Span], cells: Sequence[tuple[str, str]]) -> list[Item]:
    """A matcher without a head would go on the one before it: a comma keeps them apart."""
    items: list[Item] = []
    for number, (span, (head, rest)) in enumerate(zip(spans, cells, strict=True)):
        comma = "," if number + 1 < len(cells) and not cells[number + 1][0] else ""
        items.append((span, (head, rest + comma) if rest or not comma else (head + comma, rest)))
    return items


def matcher_items(part: tree.L7) -> tuple[str, list[Item]]:
    """The word of a request part, and its matchers."""
    match part:
        case tree.Http(matchers):
            return "http", _separated([m.span for m in matchers], [_http(m) for m in matchers])
        case tree.Grpc(matchers):
            return "grpc", _separated([m.span for m in matchers], [_grpc(m) for m in matchers])
        case tree.Kafka(matchers):
            return "kafka", _separated([m.span for m in matchers], [_kafka(m) for m in matchers])
        case tree.Dns(names):
            last = len(names) - 1
            texts = [value_text(n) + ("," if i < last else "") for i, n in enumerate(names)]
            return "dns", [(n.span, ("", t)) for n, t in zip(names, texts, strict=True)]
        case _:
            assert_never(part)


def request_line(part: tree.L7) -> str:
    """The request of an assert or a test case: bare where it can be, else in its block."""
    match part:
        case tree.Http((tree.HttpMatcher(True, tree.Text(method), tree.Text()) as matcher,)):
            if method.isascii() and method.isalpha() and method.isupper():
                return " ".join(_http(matcher))
    word, items = matcher_items(part)
    body = " ".join(" ".join(filter(None, cells)) for _, cells in items)
    return f"{word} {{ {body} }}"
