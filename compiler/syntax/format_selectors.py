"""The layout of selectors, ports, and lists in brackets."""

from collections.abc import Sequence
from typing import assert_never

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.layout import BROKEN, HARD, LINE, SOFT, Doc, Line, Trail, cat, group, nest
from cpc.compiler.syntax.margin import Margin
from cpc.compiler.syntax.strings import quote
from cpc.compiler.syntax.words import shadowed_port

__all__ = ["Selectors", "port_text", "value_text"]


def value_text(value: tree.Value) -> str:
    """A literal or the name of a constant."""
    match value:
        case tree.Text():
            return quote(value.value)
        case tree.Number():
            return str(value.value)
        case tree.Name():
            return value.text
        case _:
            assert_never(value)


def _port_item(item: "tuple[tree.Value, tree.Value] | tree.Text | tree.Name") -> str:
    if not isinstance(item, tuple):
        return value_text(item)
    low, high = item
    if isinstance(low, tree.Number) and isinstance(high, tree.Number):
        return str(low.value) if low == high else f"{low.value}-{high.value}"
    return f"{value_text(low)} - {value_text(high)}"


def port_text(port: tree.Ports) -> str:
    """One element of a port list."""
    if isinstance(port, tree.Name):
        return f"`{port.text}`" if shadowed_port(port.text) else port.text
    items = [_port_item(item) for item in port.items]
    if not items:
        return port.protocol
    one = items[0] if len(items) == 1 else f"{{{', '.join(items)}}}"
    code = "" if port.code is None else f"/{port.code.value}"
    return f"{port.protocol}/{one}{code}"


class Selectors:
    """Lays out selectors with the comments inside their brackets."""

    def __init__(self, margin: Margin) -> None:
        self._margin = margin

    def side(self, exprs: Sequence[tree.Expr], first: str = "") -> Doc:
        """One side of a rule; a name that is `first` would be a keyword at its start."""
        return _listed([self.expr(e, first if i == 0 else "") for i, e in enumerate(exprs)])

    def ports(self, ports: Sequence[tree.Ports]) -> Doc:
        """A list of ports."""
        return _listed([port_text(port) for port in ports])

    def expr(self, expr: tree.Expr, first: str = "") -> Doc:
        """One selector."""
        match expr:
            case tree.Name(text):
                return f"`{text}`" if text in ("not", first) else text
            case tree.Labels(terms, span):
                items = [(t.span, _term(t)) for t in terms]
                return self.bracket("{", items, "}", span, LINE)
            case tree.LabelAnd() | tree.LabelOr():
                return self._chain(expr, first)
            case tree.LabelNot(operand):
                inner = self.expr(operand)
                loose = isinstance(operand, tree.LabelAnd | tree.LabelOr)
                return cat("not ", _parenthesised(inner) if loose else inner)
            case tree.CidrRef(items, False, _) if len(items) == 1 and isinstance(
                items[0], tree.CidrItem
            ):
                return _cidr_item(items[0])
            case tree.CidrRef():
                return self.cidrs(expr)
            case _:
                assert_never(expr)

    def cidrs(self, ref: tree.CidrRef) -> Doc:
        """A list of networks in its brackets."""
        items = [(i.span, i.text if isinstance(i, tree.Name) else _cidr_item(i)) for i in ref.items]
        return cat(
            "scope any " if ref.scope_any else "", self.bracket("[", items, "]", ref.span, SOFT)
        )

    def bracket(
        self, opened: str, items: Sequence[tuple[Span, Doc]], closed: str, span: Span, pad: Line
    ) -> Doc:
        """A comma list in brackets, one item a line where it does not fit or holds comments."""
        docs = [doc for _, doc in items]
        first, entries = None, [*map(_followed, docs[:-1]), *docs[-1:]]
        if self._margin.any(span.start, span.end):
            first, entries = self._commented(items, span)
        if not entries and first is None:
            return opened + closed
        body = [part for entry in entries for part in (LINE, entry)][1:]
        return group(opened, *_trail(first), nest(pad, *body), pad, closed)

    def _commented(
        self, items: Sequence[tuple[Span, Doc]], span: Span
    ) -> "tuple[tree.Comment | None, list[Doc]]":
        """The comment behind the opening bracket, and the items with theirs."""
        margin = self._margin
        limits = [s.start for s, _ in items[1:]] + [span.end]
        first = margin.take_trail(span.start, items[0][0].start if items else span.end)
        entries: list[Doc] = []
        position = span.start
        for number, ((place, doc), limit) in enumerate(zip(items, limits, strict=False)):
            lead = margin.take(position, place.end)
            comma = "," if number < len(items) - 1 else ""
            trail = margin.take_trail(place.end, limit)
            own = [part for comment in lead for part in (comment.text, HARD)]
            entries.append(cat(*own, doc, comma, *_trail(trail)))
            position = place.end
        for comment in margin.take(position, span.end):
            entries.append(cat(comment.text, BROKEN))
        return first, entries

    def _chain(self, expr: tree.LabelAnd | tree.LabelOr, first: str) -> Doc:
        word = "and " if isinstance(expr, tree.LabelAnd) else "or "
        rights: list[Doc] = []
        left: tree.Expr = expr
        while isinstance(left, tree.LabelAnd | tree.LabelOr) and type(left) is type(expr):
            rights.append(cat(LINE, word, self._operand(left.right, expr, right=True)))
            left = left.left
        head = self._operand(left, expr, right=False, first=first)
        return group(head, nest(*reversed(rights)))

    def _operand(
        self,
        operand: tree.Expr,
        parent: tree.LabelAnd | tree.LabelOr,
        *,
        right: bool,
        first: str = "",
    ) -> Doc:
        """`and` binds closer than `or`, and both to the left."""
        looser = isinstance(operand, tree.LabelOr) and isinstance(parent, tree.LabelAnd)
        if looser or (right and type(operand) is type(parent)):
            return _parenthesised(self.expr(operand))
        return self.expr(operand, first)


def _parenthesised(doc: Doc) -> Doc:
    return cat("(", doc, ")")


def _trail(comment: tree.Comment | None) -> tuple[Doc, ...]:
    return () if comment is None else (Trail(comment.text),)


def _followed(doc: Doc) -> Doc:
    """With a comma."""
    return f"{doc}," if isinstance(doc, str) else cat(doc, ",")


def _listed(docs: Sequence[Doc]) -> Doc:
    """Separated by commas; what is more than one word is indented where it is broken."""
    only = docs[0] if len(docs) == 1 else None
    return only if isinstance(only, str) else group(nest(*_joined(docs)))


def _joined(docs: Sequence[Doc]) -> list[Doc]:
    """Separated by commas."""
    parts: list[Doc] = []
    for number, doc in enumerate(docs):
        parts += [doc] if number == 0 else [",", LINE, doc]
    return parts


def _term(term: tree.LabelTerm) -> Doc:
    key = value_text(term.key)
    values = [value_text(value) for value in term.values]
    match term.op:
        case "exists":
            return key
        case "absent":
            return f"not {key}"
        case "in" | "not-in":
            word = "in" if term.op == "in" else "not in"
            return group(key, f" {word} (", nest(SOFT, *_joined(values)), SOFT, ")")
        case _:
            return f"{key} {term.op} {values[0]}"


def _cidr_item(item: tree.CidrItem) -> str:
    if not item.excepts:
        return item.network.value
    excepts = ", ".join(e.value for e in item.excepts)
    listed = f"[{excepts}]" if len(item.excepts) > 1 else excepts
    return f"{item.network.value} except {listed}"
