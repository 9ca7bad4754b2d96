"""Sides and ports: what rules, definitions, claims and tests are made of."""

from cpc.compiler.diagnostics import Diagnostics, error
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.places import Branch, Child, Places, is_leaf

__all__ = ["Sides"]

MAX_TERMS = 200
"""How deep `and`, `or` and `not` may nest; later stages walk expressions recursively."""


class Sides:
    """Builds selectors and ports of the piece at `span`; one nested too deep is CPC116."""

    def __init__(self, places: Places, span: Span, problems: Diagnostics) -> None:
        self._places = places
        self._span = span
        self._problems = problems

    def exprs(self, node: Branch) -> tuple[tree.Expr, ...]:
        """The operands of one side."""
        return tuple(self.expr(child) for child in node.children)

    def expr(self, node: Child, depth: int = 0) -> tree.Expr:
        """One selector."""
        if is_leaf(node):
            return self._places.name(node)
        if depth == MAX_TERMS:
            message = f"more than {MAX_TERMS} `and`, `or` and `not` inside each other"
            help = "give the parts names of their own, or list them with commas"
            self._problems.append(error("CPC116", message, self._span, help=help))
        if depth >= MAX_TERMS:
            return tree.Labels((), self._span)
        match node.data:
            case "either" | "both":
                left = self.expr(node.children[0], depth + 1)
                right = self.expr(node.children[1], depth + 1)
                kind = tree.LabelOr if node.data == "either" else tree.LabelAnd
                return kind(left, right, left.span.to(right.span))
            case "negated":
                operand = self.expr(node.children[1], depth + 1)
                return tree.LabelNot(operand, self._places.of(node.children[0]).to(operand.span))
            case "labels":
                opened, terms, closed = node.children
                found = () if terms is None else tuple(map(self._term, terms.children))
                return tree.Labels(found, self._places.over(opened, closed))
            case _:
                return self.cidrs(node)

    def _term(self, node: Branch) -> tree.LabelTerm:
        places, children = self._places, node.children
        word = children[-1] if node.data == "absent" else children[0]
        key = places.text(word) if word.type == "STRING" else places.name(word)
        match node.data:
            case "exists" | "absent":
                return tree.LabelTerm(key, node.data, (), places.over(children[0], word))
            case "compare":
                value = places.value(children[2])
                return tree.LabelTerm(
                    key, children[1].value, (value,), places.over(children[0], children[2])
                )
            case _:
                operator = "in" if children[1].value == "in" else "not-in"
                values = tuple(places.value(leaf) for leaf in children[2:-1])
                return tree.LabelTerm(key, operator, values, places.over(children[0], children[-1]))

    def cidrs(self, node: Branch) -> tree.CidrRef:
        """A list of networks, or one alone."""
        if node.data == "cidr_one":
            item = self._cidr_item(node)
            return tree.CidrRef((item,), False, item.span)
        scope, opened, items, closed = node.children
        found: list[tree.CidrItem | tree.Name] = []
        for child in () if items is None else items.children:
            is_name = is_leaf(child)
            found.append(self._places.name(child) if is_name else self._cidr_item(child))
        first = opened if scope is None else scope.children[0]
        return tree.CidrRef(tuple(found), scope is not None, self._places.over(first, closed))

    def _cidr_item(self, node: Branch) -> tree.CidrItem:
        places = self._places
        network, excepts = node.children
        if excepts is None:
            return tree.CidrItem(places.literal(network), (), places.of(network))
        leaves = [leaf for leaf in excepts.children if leaf.type == "IP"]
        return tree.CidrItem(
            places.literal(network),
            tuple(places.literal(leaf) for leaf in leaves),
            places.over(network, excepts.children[-1]),
        )

    def end_of(self, node: Branch) -> int:
        """The position after a node's last leaf, in the whole text."""
        last: Child = node
        while not is_leaf(last):
            last = [child for child in last.children if child is not None][-1]
        return self._places.of(last).end

    def ports(self, node: Branch) -> tuple[tree.Ports, ...]:
        """A list of ports."""
        return tuple(self.port(child) for child in node.children)

    def port(self, node: Child) -> tree.Ports:
        """A port definition's name, or ports of a protocol."""
        return self._places.name(node) if is_leaf(node) else self.port_part(node)

    def port_part(self, node: Branch) -> tree.PortPart:
        """Ports of one protocol."""
        protocol, items = node.children
        places = self._places
        if items is None:
            return tree.PortPart(protocol.value, (), None, places.of(protocol))
        match items.data:
            case "port_code":
                item, code = items.children
                found, last = [item], code
            case "port_set":
                *found, last = items.children
                code = None
            case _:
                found, code = items.children, None
                last = found[-1] if is_leaf(found[-1]) else found[-1].children[-1]
        return tree.PortPart(
            protocol.value,
            tuple(map(self._port_item, found)),
            None if code is None else places.number(code),
            places.over(protocol, last),
        )

    def _port_item(self, node: Child) -> "tuple[tree.Value, tree.Value] | tree.Text | tree.Name":
        if not is_leaf(node):
            low, high = node.children
            return self._places.value(low), self._places.value(high)
        value = self._places.value(node)
        return (value, value) if isinstance(value, tree.Number) else value
