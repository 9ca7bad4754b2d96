"""From the parser's nodes to the typed tree."""

from collections.abc import Callable

from cpc.compiler.diagnostics import Diagnostics, error
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.build_requests import l7, request
from cpc.compiler.syntax.places import Branch, Child, Leaf, Places, is_leaf

__all__ = ["Builder", "Head", "ServiceItem"]

Head = tree.Policy | tree.Tier | tree.Service | tree.Test
"""A block without its contents."""

ServiceItem = tuple[tree.Text, ...] | tree.ServicePort | tree.ServiceBackends | tree.Name | int
"""VIPs, a port, backends, the balancing method, the affinity in seconds."""

MAX_TERMS = 200
"""How deep `and`, `or` and `not` may nest; later stages walk expressions recursively."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

DEFAULT_AFFINITY = 10800
"""Seconds; as `sessionAffinityConfig.clientIP.timeoutSeconds` of a Kubernetes Service."""


class Builder:
    """Builds the nodes of one piece of text, which starts at character `base` of the source.

    What is wrong though it parses is added to `problems` (CPC116, CPC122, CPC124).
    """

    def __init__(
        self, source: SourceFile, piece: str, base: int, doc: str, problems: Diagnostics
    ) -> None:
        self._places = Places(source, piece, base)
        self._span = self._places.span(0, len(piece))
        self._doc = doc
        self._problems = problems

    # --- pieces ------------------------------------------------------------------------------

    def statement(self, node: Branch) -> "tree.Statement | tree.Number":
        """A statement, the head of a block, or the number of `language`."""
        return _STATEMENTS[node.data](self, *node.children)

    def service_item(self, node: Branch) -> ServiceItem:
        """An item of a `service`."""
        places, children = self._places, node.children
        match node.data:
            case "vip":
                return tuple(_literal(places, leaf) for leaf in children)
            case "service_port":
                part = self._port_part(children[0])
                target = places.value(children[1])
                return tree.ServicePort(part, target, self._span)
            case "backends":
                weight = None if children[1] is None else places.number(children[1])
                return tree.ServiceBackends(self._expr(children[0]), weight, self._span)
            case "balance":
                return places.name(children[0])
            case _:
                duration = children[1]
                if duration is None:
                    return DEFAULT_AFFINITY
                return int(duration.value[:-1]) * _SECONDS[duration.value[-1]]

    def case(self, node: Branch) -> tree.TestCase:
        """A case of a `test`."""
        left, right, port, asked, verdict, by = node.children
        return tree.TestCase(
            self._expr(left),
            self._expr(right),
            None if port is None else self._port(port),
            self._request(asked),
            verdict.value,
            self._places.named(by),
            self._span,
        )

    # --- statements --------------------------------------------------------------------------

    def _language(self, number: Leaf) -> tree.Number:
        return self._places.number(number)

    def _include(self, path: Leaf) -> tree.Include:
        return tree.Include(self._places.text(path), self._span)

    def _const(self, name: Leaf, value: Leaf) -> tree.Const:
        return tree.Const(self._places.name(name), self._places.value(value), self._doc, self._span)

    def _param(self, name: Leaf, default: Leaf | None) -> tree.Param:
        value = None if default is None else self._places.value(default)
        return tree.Param(self._places.name(name), value, self._doc, self._span)

    def _mode(self, value: Leaf) -> tree.Mode:
        return tree.Mode(value.value, self._span)

    def _allow_host(self, value: Leaf) -> tree.AllowHost:
        return tree.AllowHost(value.value, self._span)

    def _audit(self, subjects: Branch) -> tree.Audit:
        return tree.Audit(self._exprs(subjects), None, self._span)

    def _audit_namespace(self, namespace: Leaf) -> tree.Audit:
        return tree.Audit((), self._places.text(namespace), self._span)

    def _endpoints(self, name: Leaf, expr: Child) -> tree.EndpointsDef:
        return tree.EndpointsDef(self._places.name(name), self._expr(expr), self._doc, self._span)

    def _cidr(self, name: Leaf, value: Branch) -> tree.CidrDef:
        return tree.CidrDef(self._places.name(name), self._cidrs(value), self._doc, self._span)

    def _fqdn(self, name: Leaf, patterns: Branch | None) -> tree.FqdnDef:
        values = () if patterns is None else tuple(map(self._places.value, patterns.children))
        return tree.FqdnDef(self._places.name(name), values, self._doc, self._span)

    def _port_def(self, name: Leaf, ports: Branch) -> tree.PortDef:
        return tree.PortDef(self._places.name(name), self._ports(ports), self._doc, self._span)

    def _default(self, action: Leaf, directions: Branch, subjects: Branch) -> tree.Default:
        words = tuple(d.value for d in directions.children)
        return tree.Default(action.value, words, self._exprs(subjects), self._doc, self._span)

    def _rule(
        self,
        staged: Leaf | None,
        direction: Leaf | None,
        action: Leaf,
        name: Branch | None,
        left: Branch,
        right: Branch,
        ports: Branch | None,
        part: Branch | None,
        log: Leaf | None,
    ) -> tree.Rule:
        sides = self._exprs(left), self._exprs(right)
        found = () if ports is None else self._ports(ports)
        end = found[-1].span.end if found else self._end_of(right)
        return tree.Rule(
            staged is not None,
            None if direction is None else direction.value,
            action.value,
            None if name is None else self._places.name(name.children[0]),
            *sides,
            found,
            None if part is None else l7(self._places, self._problems, part),
            log is not None,
            self._doc,
            self._span,
            Span(self._span.file, self._span.start, end, self._span.line, self._span.column),
        )

    def _assert(
        self,
        claim: Leaf,
        name: Branch | None,
        left: Branch,
        right: Branch | None,
        ports: Branch | None,
        asked: Branch | None,
    ) -> tree.Assert:
        return tree.Assert(
            claim.value,
            None if name is None else self._places.name(name.children[0]),
            self._exprs(left),
            () if right is None else self._exprs(right),
            () if ports is None else self._ports(ports),
            self._request(asked),
            self._doc,
            self._span,
        )

    def _isolated(
        self,
        claim: Leaf,
        name: Branch | None,
        left: Branch,
        ports: Branch | None,
        asked: Branch | None,
    ) -> tree.Assert:
        return self._assert(claim, name, left, None, ports, asked)

    def _policy(self, staged: Leaf | None, name: Leaf, namespace: Leaf | None) -> tree.Policy:
        where = None if namespace is None else self._places.text(namespace)
        named = self._places.name(name)
        return tree.Policy(staged is not None, named, where, (), self._doc, self._span)

    def _tier(self, kind: Leaf, name: Leaf | None, priority: Leaf) -> tree.Tier:
        return self._tier_of(kind.value, name, priority)

    def _baseline(self, name: Leaf | None, priority: Leaf) -> tree.Tier:
        return self._tier_of("baseline", name, priority)

    def _tier_of(self, kind: str, name: Leaf | None, priority: Leaf) -> tree.Tier:
        places = self._places
        number = places.number(priority) if priority.type == "NUMBER" else places.name(priority)
        return tree.Tier(kind, places.named(name), number, (), self._doc, self._span)

    def _service(self, name: Leaf) -> tree.Service:
        return tree.Service(self._places.name(name), (), (), (), None, None, self._doc, self._span)

    def _test(self, name: Leaf) -> tree.Test:
        return tree.Test(self._places.text(name), (), self._doc, self._span)

    # --- selectors ---------------------------------------------------------------------------

    def _exprs(self, node: Branch) -> tuple[tree.Expr, ...]:
        return tuple(self._expr(child) for child in node.children)

    def _expr(self, node: Child, depth: int = 0) -> tree.Expr:
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
                left = self._expr(node.children[0], depth + 1)
                right = self._expr(node.children[1], depth + 1)
                kind = tree.LabelOr if node.data == "either" else tree.LabelAnd
                return kind(left, right, left.span.to(right.span))
            case "negated":
                operand = self._expr(node.children[1], depth + 1)
                return tree.LabelNot(operand, self._places.of(node.children[0]).to(operand.span))
            case "labels":
                opened, terms, closed = node.children
                found = () if terms is None else tuple(map(self._term, terms.children))
                return tree.Labels(found, self._places.over(opened, closed))
            case _:
                return self._cidrs(node)

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

    def _cidrs(self, node: Branch) -> tree.CidrRef:
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
            return tree.CidrItem(_literal(places, network), (), places.of(network))
        leaves = [leaf for leaf in excepts.children if leaf.type == "IP"]
        return tree.CidrItem(
            _literal(places, network),
            tuple(_literal(places, leaf) for leaf in leaves),
            places.over(network, excepts.children[-1]),
        )

    def _end_of(self, node: Branch) -> int:
        """The position after a node's last leaf, in the whole text."""
        last: Child = node
        while not is_leaf(last):
            last = [child for child in last.children if child is not None][-1]
        return self._places.of(last).end

    # --- ports and requests ------------------------------------------------------------------

    def _ports(self, node: Branch) -> tuple[tree.Ports, ...]:
        return tuple(self._port(child) for child in node.children)

    def _port(self, node: Child) -> tree.Ports:
        return self._places.name(node) if is_leaf(node) else self._port_part(node)

    def _port_part(self, node: Branch) -> tree.PortPart:
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

    def _request(self, node: Branch | None) -> tree.L7 | None:
        return None if node is None else request(self._places, self._problems, node)


def _literal(places: Places, leaf: Leaf) -> tree.Text:
    return tree.Text(leaf.value, places.of(leaf))


_STATEMENTS: dict[str, Callable[..., "tree.Statement | tree.Number"]] = {
    "language": Builder._language,
    "include": Builder._include,
    "const": Builder._const,
    "param": Builder._param,
    "mode": Builder._mode,
    "allow_host": Builder._allow_host,
    "audit": Builder._audit,
    "audit_namespace": Builder._audit_namespace,
    "endpoints": Builder._endpoints,
    "cidr": Builder._cidr,
    "fqdn": Builder._fqdn,
    "port": Builder._port_def,
    "default": Builder._default,
    "rule": Builder._rule,
    "assertion": Builder._assert,
    "isolated": Builder._isolated,
    "policy_head": Builder._policy,
    "tier_head": Builder._tier,
    "baseline_head": Builder._baseline,
    "service_head": Builder._service,
    "test_head": Builder._test,
}
