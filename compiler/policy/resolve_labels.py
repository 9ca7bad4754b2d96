"""Label expressions: sources of keys, names of other expressions, namespaces."""

from collections.abc import Callable
from typing import assert_never

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, error, suggest
from cpc.compiler.errors import InternalError
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Everything,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Not,
)
from cpc.compiler.policy.names import ENTITIES, Memo, Scope
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = [
    "MAX_PARTS",
    "SOURCES",
    "LabelExprs",
    "all_of",
    "in_namespace",
    "label_key",
    "speaks_of_namespaces",
    "too_large",
]

SOURCES = ("any", "k8s", "mesos", "container")
"""Sources that a label selector may name; `reserved` and `cidr` label no endpoint."""

MAX_PARTS = 10_000
"""Parts of one expression, with every name written out."""

_MAX_DEPTH = 100

_LabelTree = tree.Labels | tree.LabelAnd | tree.LabelOr | tree.LabelNot


class _Sized(Struct, frozen=True):
    """An expression and how many nodes it has with every name written out."""

    expr: LabelExpr
    size: int


def label_key(text: str) -> LabelKey:
    """`source:key` split at its first colon when that is a source; else the key of any source."""
    source, colon, key = text.partition(":")
    if colon and source in (*SOURCES, "reserved", "cidr"):
        return LabelKey(source, key)
    return LabelKey("any", text)


def all_of(*operands: LabelExpr) -> LabelExpr:
    """The conjunction, flat and without what always holds."""
    flat: dict[LabelExpr, None] = {}
    for operand in operands:
        for part in operand.operands if isinstance(operand, AllOf) else (operand,):
            if not isinstance(part, Everything):
                flat[part] = None
    if not flat:
        return Everything()
    parts = tuple(flat)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _any_of(*operands: LabelExpr) -> LabelExpr:
    flat: dict[LabelExpr, None] = {}
    for operand in operands:
        parts = operand.operands if isinstance(operand, AnyOf) else (operand,)
        flat.update(dict.fromkeys(parts))
    if any(isinstance(p, Everything) for p in flat):
        return Everything()
    match tuple(flat):
        case (one,):
            return one
        case parts:
            return AnyOf(parts)


def in_namespace(expr: LabelExpr, namespace: str) -> LabelExpr:
    """`expr` inside a namespace, whatever it says itself: nobody rules over others' endpoints."""
    return all_of(In(LabelKey("k8s", NAMESPACE_KEY), (namespace,)), expr)


def speaks_of_namespaces(expr: LabelExpr) -> bool:
    """Whether a peer says itself of which namespaces it is; else it is of its policy's."""
    match expr:
        case Everything():
            return False
        case Has(key) | In(key, _):
            about = key.key == NAMESPACE_KEY or key.key.startswith(NAMESPACE_LABELS)
            return about and key.source in ("any", "k8s")
        case Not(operand):
            return speaks_of_namespaces(operand)
        case AllOf(operands) | AnyOf(operands):
            return any(speaks_of_namespaces(o) for o in operands)
        case _:
            assert_never(expr)


class LabelExprs:
    """Resolves label expressions; errors are CPC301, CPC304, CPC305, CPC308-CPC310."""

    def __init__(self, scope: Scope, values: Values) -> None:
        self._scope = scope
        self._values = values
        self._depth = 0
        self._known: Memo[tree.EndpointsDef, _Sized] = Memo(scope, self._definition)
        for definition in scope.definitions.values():
            if isinstance(definition, tree.EndpointsDef):
                self._known.get(definition)

    def expression(self, expr: _LabelTree) -> "LabelExpr | None":
        """A label expression written in place; None after an error."""
        sized = self._sized(expr)
        return None if sized is None else sized.expr

    def definition(self, definition: tree.EndpointsDef) -> "LabelExpr | None":
        """The expression of an endpoints definition; None after an error."""
        sized = self._known.get(definition)
        return None if sized is None else sized.expr

    def _definition(self, definition: tree.EndpointsDef) -> _Sized | None:
        return self._sized(definition.expr)

    def _sized(self, expr: tree.Expr) -> _Sized | None:
        """The expression; how deep it nests is bounded over all the definitions on the way."""
        if self._depth >= _MAX_DEPTH:
            what = "this expression is nested too deeply"
            self._refuse("CPC310", what, expr.span, "define parts of it before this place")
            return None
        self._depth += 1
        sized = self._shallow(expr)
        self._depth -= 1
        return sized

    def _shallow(self, expr: tree.Expr) -> _Sized | None:
        match expr:
            case tree.Name():
                return self._name(expr)
            case tree.Labels(terms):
                return self._terms(expr.span, [self._term(t) for t in terms])
            case tree.LabelAnd():
                operands = _spine(expr, tree.LabelAnd)
                return self._bounded(expr.span, all_of, self._each(operands))
            case tree.LabelOr():
                operands = _spine(expr, tree.LabelOr)
                return self._bounded(expr.span, _any_of, self._each(operands))
            case tree.LabelNot(operand):
                return self._bounded(expr.span, _not, self._each([operand]))
            case tree.CidrRef():
                self._refuse(
                    "CPC304",
                    "addresses are no label expression",
                    expr.span,
                    "write addresses as a side of their own, separated by a comma",
                )
                return None
            case _:
                assert_never(expr)

    def _terms(self, span: Span, terms: "list[LabelExpr | None]") -> _Sized | None:
        known = [term for term in terms if term is not None]
        if len(known) < len(terms):
            return None
        if len(known) >= MAX_PARTS:
            self._scope.diagnostics.append(too_large(span))
            return None
        return _Sized(all_of(*known), 1 + len(known))

    def _each(self, operands: list[tree.Expr]) -> list[_Sized | None]:
        return [self._sized(o) for o in operands]

    def _bounded(
        self, span: Span, combine: Callable[..., LabelExpr], parts: list[_Sized | None]
    ) -> _Sized | None:
        """The parts combined; None when one has an error or the whole is too large."""
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        size = 1 + sum(p.size for p in known)
        if size > MAX_PARTS:
            self._scope.diagnostics.append(too_large(span))
            return None
        return _Sized(combine(*(p.expr for p in known)), size)

    def _name(self, name: tree.Name) -> _Sized | None:
        what = "a label expression"
        if name.text in ENTITIES:
            self._refuse(
                "CPC304",
                f"`{name.text}` is an entity, not {what}",
                name.span,
                "an entity stands alone as a side; `{}` is every endpoint",
            )
            return None
        alone = "only endpoints combine with `and`, `or`, `not`: write it as a side of its own"
        found = self._scope.find(name, (tree.EndpointsDef,), what, alone)
        if not isinstance(found, tree.EndpointsDef):
            return None
        return self._known.get(found, name.span)

    def _term(self, term: tree.LabelTerm) -> "LabelExpr | None":
        key = self._key(term.key)
        values = [self._values.label(v) for v in term.values]
        if key is None or None in values:
            return None
        known = tuple(sorted({v for v in values if v is not None}))
        match term.op:
            case "exists":
                return Has(key)
            case "absent":
                return Not(Has(key))
            case "=" | "in":
                return In(key, known)
            case "!=" | "not-in":
                return Not(In(key, known))
            case _:
                raise InternalError(f"unknown label operator {term.op!r}")

    def _key(self, key: tree.Name | tree.Text) -> LabelKey | None:
        if isinstance(key, tree.Name):
            return LabelKey("any", key.text)
        found = label_key(key.value)
        if found.source in SOURCES and found.key:
            return found
        if not found.key:
            self._refuse("CPC309", "a label key is empty", key.span, 'write `"source:key"`')
        elif found.source == "reserved":
            near = suggest(found.key, sorted(ENTITIES))
            entity = f"write the entity `{near}`" if near else "write an entity, such as `host`"
            self._refuse("CPC309", "no endpoint has a label of source `reserved`", key.span, entity)
        else:
            self._refuse(
                "CPC309",
                "no endpoint has a label of source `cidr`",
                key.span,
                f"write the prefix itself: `{found.key}`",
            )
        return None

    def _refuse(self, code: str, message: str, span: Span, help: str) -> None:
        self._scope.diagnostics.append(error(code, message, span, help=help))


def too_large(span: Span) -> Diagnostic:
    """What is said about an expression of more than `MAX_PARTS`."""
    return error(
        "CPC310",
        f"this expression has more than {MAX_PARTS} parts with every name written out",
        span,
        help="give the endpoints a label that says it shorter",
    )


def _not(operand: LabelExpr) -> LabelExpr:
    return operand.operand if isinstance(operand, Not) else Not(operand)


def _spine(expr: tree.LabelAnd | tree.LabelOr, kind: type) -> list[tree.Expr]:
    """The operands of `a and b and c`, in order, without recursing down the left."""
    operands: list[tree.Expr] = []
    rest: tree.Expr = expr
    while isinstance(rest, tree.LabelAnd | tree.LabelOr) and isinstance(rest, kind):
        operands.append(rest.right)
        rest = rest.left
    return [rest, *reversed(operands)]
