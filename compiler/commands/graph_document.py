"""Reachability as plain data for the page: what many cells share is said once, and named by its number."""

from collections.abc import Hashable, Iterator
from typing import Any, Generic, TypeVar, assert_never

from cpc.compiler.commands.connectivity_text import allowed_words, services_words
from cpc.compiler.policy.model import Origin
from cpc.compiler.policy.semantics import Reason as Why
from cpc.compiler.source import Sources, Span
from cpc.compiler.verify.connectivity import Allowed, KnownParty, Workload
from cpc.compiler.verify.reachability import External, Node, Reachability
from cpc.compiler.verify.sides import Reason

__all__ = ["document"]

_MAX_LINES = 12
"""Lines of a statement that are shown."""

_WORDS = {
    Why.MODE: "the policy's mode",
    Why.SELF: "it is the same endpoint",
    Why.HOST: "the local host reaches its endpoints",
    Why.UNMANAGED: "nobody manages this side",
}
"""What decides where no statement does."""


Item = TypeVar("Item", bound=Hashable)


class _Table(Generic[Item]):
    """Values by number, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[Item, int] = {}

    def number(self, item: Item) -> int:
        return self._numbers.setdefault(item, len(self._numbers))

    def __iter__(self) -> Iterator[Item]:
        return iter(self._numbers)


def document(found: Reachability, sources: Sources) -> dict[str, Any]:
    """The data of the page, of the schema `cpc.graph/1`.

    A cell is [source, destination, allowed, egress, ingress]: numbers of nodes, of `allowed`, and of `sides`,
    each a list of decisions; -1 where a side decides nothing.
    """
    allowed: _Table[tuple[Allowed, ...]] = _Table()
    sides: _Table[tuple[Reason, ...]] = _Table()
    statements: _Table[tuple[Origin, Span]] = _Table()

    def side(reasons: tuple[Reason, ...]) -> int:
        return sides.number(reasons) if reasons else -1

    cells = [
        [c.source, c.destination, allowed.number(c.allowed), side(c.egress), side(c.ingress)]
        for c in found.cells
    ]
    said = [[_reason(reason, statements) for reason in reasons] for reasons in sides]
    return {
        "schema": "cpc.graph/1",
        "nodes": [_node(node) for node in found.nodes],
        "allowed": [_allowed(one) for one in allowed],
        "sides": said,
        "statements": [_statement(origin, sources) for origin, _ in statements],
        "cells": cells,
    }


def _node(node: Node) -> dict[str, Any]:
    match node:
        case Workload(name):
            return {"kind": "workload", "name": name}
        case KnownParty(name):
            return {"kind": "known", "name": f"{{{name}}}"}
        case External(ranges):
            shown = [f"{r.first}-{r.last}" for r in ranges]
            return {"kind": "external", "name": f"external {node}", "ranges": shown}
        case _:
            assert_never(node)


def _allowed(by_family: tuple[Allowed, ...]) -> dict[str, Any]:
    """Words for people, and the services as [first, last] on the line of all services."""
    return {
        "words": allowed_words(by_family),
        "some": any(one.services for one in by_family),
        "requests": any(one.requests for one in by_family),
        "spans": sorted({span for one in by_family for span in one.services.spans}),
    }


def _reason(reason: Reason, statements: _Table[tuple[Origin, Span]]) -> dict[str, Any]:
    decision = reason.decision
    services = services_words([(family, reason.services) for family in (4, 6)])
    found: dict[str, Any] = {"verdict": decision.verdict.value, "services": services}
    if decision.rule is None:
        return found | {"why": _WORDS.get(decision.reason, decision.reason.value)}
    return found | {"statement": statements.number((decision.rule, decision.rule.span))}


def _statement(origin: Origin, sources: Sources) -> dict[str, Any]:
    """A statement with its place and its lines as they are written."""
    span = origin.span
    source = sources.get(span.file)
    lines: list[str] = []
    if source is not None:
        count = source.text.count("\n", span.start, span.end) + 1
        lines = [source.line(span.line + n) for n in range(min(count, _MAX_LINES))]
    return {
        "name": "" if ":" in origin.name else origin.name,
        "policy": origin.policy,
        "doc": origin.doc,
        "file": span.file,
        "line": span.line,
        "lines": lines,
    }
