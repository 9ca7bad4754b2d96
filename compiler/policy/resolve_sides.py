"""Sides of rules: what one operand selects as a peer, and what of it can be a subject."""

from typing import assert_never

from msgspec import Struct

from cpc.compiler.policy.model import (
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    LabelExpr,
    Selector,
    ServiceTerm,
    Term,
)
from cpc.compiler.policy.names import ENTITIES, Scope
from cpc.compiler.policy.resolve_addresses import Addresses
from cpc.compiler.policy.resolve_labels import LabelExprs, in_namespace, speaks_of_namespaces
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Operand", "Side", "Sides", "beyond_this_version", "peers_of", "subjects_of"]

_SELECTORS = (tree.EndpointsDef, tree.CidrDef, tree.FqdnDef, tree.Service)

_SIDE = "a side of a rule"

_SUBJECT_ENTITIES = frozenset({Entity.ALL, Entity.CLUSTER, Entity.INIT, Entity.HEALTH})


class Operand(Struct, frozen=True):
    """One of the operands of a side, which are separated by commas.

    `peers` is what it selects on the other side of a subject, `subjects` what it selects as one;
    the latter is empty for what is never an endpoint of ours, and both hold the namespace. No term is
    there twice.
    """

    span: Span
    peers: tuple[Term, ...]
    subjects: tuple[Term, ...]


Side = tuple[Operand, ...]


def peers_of(side: Side) -> Selector:
    """A side as peers: the terms of its operands, each once, in written order."""
    if len(side) == 1:
        return side[0].peers
    return tuple(dict.fromkeys(t for o in side for t in o.peers))


def subjects_of(side: Side) -> Selector:
    """A side as subjects; empty when none of it is ever one."""
    if len(side) == 1:
        return side[0].subjects
    return tuple(dict.fromkeys(t for o in side for t in o.subjects))


class Sides:
    """Resolves sides; errors are CPC301, CPC304 and those of labels and addresses."""

    def __init__(self, scope: Scope, labels: LabelExprs, addresses: Addresses) -> None:
        self._scope = scope
        self._labels = labels
        self._addresses = addresses
        self._endpoints: dict[tuple[int, str], Operand | None] = {}

    def side(self, exprs: tuple[tree.Expr, ...], namespace: str) -> Side | None:
        """The operands of a side inside a namespace (empty: none); None after an error."""
        operands = [self._operand(e, namespace) for e in exprs]
        known = tuple(o for o in operands if o is not None)
        return known if len(known) == len(operands) else None

    def _operand(self, expr: tree.Expr, namespace: str) -> Operand | None:
        match expr:
            case tree.Name():
                return self._name(expr, namespace)
            case tree.CidrRef():
                cidrs = self._addresses.cidrs(expr)
                return None if cidrs is None else Operand(expr.span, cidrs, ())
            case tree.Labels() | tree.LabelAnd() | tree.LabelOr() | tree.LabelNot():
                # Imported rules share the node of their subject: it is resolved, and refused, once.
                key = (id(expr), namespace)
                if key not in self._endpoints:
                    found = self._labels.expression(expr)
                    self._endpoints[key] = _endpoints(expr.span, found, namespace)
                return self._endpoints[key]
            case _:
                assert_never(expr)

    def _name(self, name: tree.Name, namespace: str) -> Operand | None:
        if name.text in ENTITIES:
            return _entity(name.span, Entity(name.text), namespace)
        if name.text not in self._scope.definitions:
            self._unknown(name)
            return None
        found = self._scope.find(
            name, _SELECTORS, _SIDE, "a side is endpoints, addresses, DNS names, services, entities"
        )
        match found:
            case tree.EndpointsDef():
                return _endpoints(name.span, self._labels.definition(found), namespace)
            case tree.CidrDef():
                cidrs = self._addresses.cidr_definition(found)
                return None if cidrs is None else Operand(name.span, cidrs, ())
            case tree.FqdnDef():
                fqdn = self._addresses.fqdn_definition(found)
                return None if fqdn is None else Operand(name.span, (fqdn,), ())
            case tree.Service():
                backends = (ServiceTerm(name.text),)
                return Operand(name.span, backends, backends)
            case _:
                return None

    def _unknown(self, name: tree.Name) -> None:
        known = [n for n, d in self._scope.definitions.items() if isinstance(d, _SELECTORS)]
        example = f'endpoints {name.text} = {{ app = "{name.text}" }}'
        define = f"define it, as in `{example}`"
        self._scope.unknown(name, _SIDE, [*known, *ENTITIES], define)


def _endpoints(span: Span, expr: "LabelExpr | None", namespace: str) -> Operand | None:
    if expr is None:
        return None
    inside = EndpointTerm(in_namespace(expr, namespace) if namespace else expr)
    near = EndpointTerm(expr) if namespace and speaks_of_namespaces(expr) else inside
    return Operand(span, (near,), (inside,))


def _entity(span: Span, entity: Entity, namespace: str) -> Operand:
    """An entity; as subjects `all` and `cluster` are the endpoints of the namespace."""
    term = EntityTerm(entity)
    if entity not in _SUBJECT_ENTITIES:
        return Operand(span, (term,), ())
    if not namespace:
        return Operand(span, (term,), (term,))
    if entity in (Entity.ALL, Entity.CLUSTER):
        return Operand(span, (term,), (EndpointTerm(in_namespace(Everything(), namespace)),))
    return Operand(span, (term,), ())


def beyond_this_version(side: Side) -> list[tuple[str, Span]]:
    """Operands that resolve but are not enforced yet, as `Policy.unenforced` has them."""
    found: list[tuple[str, Span]] = []
    for operand in side:
        if any(isinstance(t, ServiceTerm) for t in operand.peers):
            found.append(("service peer", operand.span))
        if any(isinstance(t, Fqdn) for t in operand.peers):
            found.append(("fqdn peer", operand.span))
    return found
