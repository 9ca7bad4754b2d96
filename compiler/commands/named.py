"""Everything in a syntax tree that has a name."""

from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Entry", "named"]


class Entry(Struct, frozen=True):
    """One named statement: what it is, its place, and its doc comment."""

    kind: str
    name: str
    span: Span
    doc: str


def named(file: tree.File) -> Iterator[Entry]:
    """The named statements of one file, in written order, those inside others included."""
    for statement in file.statements:
        yield from _entries(statement)


def _rule(rule: tree.Rule, inside: str) -> Iterator[Entry]:
    if rule.name is not None:
        words = [rule.direction, rule.action, "rule", inside]
        kind = " ".join(word for word in words if word)
        yield Entry(kind, rule.name.text, rule.span, rule.doc)


def _entries(statement: tree.Statement) -> Iterator[Entry]:
    match statement:
        case tree.Const() | tree.Param() | tree.PortDef() | tree.FqdnDef() | tree.CidrDef():
            yield Entry(_KINDS[type(statement)], statement.name.text, statement.span, statement.doc)
        case tree.EndpointsDef() | tree.Service():
            yield Entry(_KINDS[type(statement)], statement.name.text, statement.span, statement.doc)
        case tree.Policy():
            yield Entry("policy", statement.name.text, statement.span, statement.doc)
            for inner in statement.statements:
                if isinstance(inner, tree.Rule):
                    yield from _rule(inner, f"of policy `{statement.name.text}`")
        case tree.Tier():
            tier = f"`{statement.name.text}`" if statement.name is not None else "tier"
            if statement.name is not None:
                yield Entry(statement.kind, statement.name.text, statement.span, statement.doc)
            for rule in statement.rules:
                yield from _rule(rule, f"of {statement.kind} {tier}")
        case tree.Rule():
            yield from _rule(statement, "")
        case tree.Assert():
            if statement.name is not None:
                yield Entry("assert", statement.name.text, statement.span, statement.doc)
        case tree.Test():
            yield Entry("test", statement.name.value, statement.span, "")
        case tree.Include() | tree.Default() | tree.Mode() | tree.AllowHost() | tree.Audit():
            pass
        case _:
            assert_never(statement)


_KINDS: dict[type, str] = {
    tree.Const: "const",
    tree.Param: "param",
    tree.PortDef: "port",
    tree.FqdnDef: "fqdn",
    tree.CidrDef: "cidr",
    tree.EndpointsDef: "endpoints",
    tree.Service: "service",
}
"""The keyword of each definition."""
