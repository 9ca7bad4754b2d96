"""From the parser's nodes to the typed tree."""

from collections.abc import Callable

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.build_requests import l7, request
from cpc.compiler.syntax.build_selectors import Sides
from cpc.compiler.syntax.places import Branch, Child, Leaf, Places, is_leaf

__all__ = ["Builder", "Head", "ServiceItem"]

Head = tree.Policy | tree.Tier | tree.Service | tree.Test
"""A block without its contents."""

ServiceItem = tuple[tree.Text, ...] | tree.ServicePort | tree.ServiceBackends | tree.Name | int
"""VIPs, a port, backends, the balancing method, the affinity in seconds."""

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
        self._sides = Sides(self._places, self._span, problems)

    # --- pieces ------------------------------------------------------------------------------

    def statement(self, node: Branch) -> "tree.Statement | tree.Number":
        """A statement, the head of a block, or the number of `language`."""
        return _STATEMENTS[node.data](self, *node.children)

    def service_item(self, node: Branch) -> ServiceItem:
        """An item of a `service`."""
        places, children = self._places, node.children
        match node.data:
            case "vip":
                return tuple(places.literal(leaf) for leaf in children)
            case "service_port":
                part = self._sides.port_part(children[0])
                target = places.value(children[1])
                return tree.ServicePort(part, target, self._span)
            case "backends":
                weight = None if children[1] is None else places.number(children[1])
                return tree.ServiceBackends(self._sides.expr(children[0]), weight, self._span)
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
            self._sides.expr(left),
            self._sides.expr(right),
            None if port is None else self._sides.port(port),
            self._request(asked),
            verdict.value,
            self._places.named(by),
            self._span,
        )

    def connection(self, node: Branch) -> tree.Connection:
        """A question about one connection."""
        left, right, port, asked = node.children
        return tree.Connection(
            self._end(left),
            self._end(right),
            None if port is None else self._sides.port(port),
            self._request(asked),
            self._span,
        )

    def _end(self, node: Child) -> "tree.Expr | tree.Text":
        if is_leaf(node) and node.type == "STRING":
            return self._places.text(node)
        if not is_leaf(node) and node.data == "endpoint":
            namespace, name = map(self._places.name, node.children)
            return tree.Text(f"{namespace.text}/{name.text}", namespace.span.to(name.span))
        return self._sides.expr(node)

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
        return tree.Audit(self._sides.exprs(subjects), None, self._span)

    def _audit_namespace(self, namespace: Leaf) -> tree.Audit:
        return tree.Audit((), self._places.text(namespace), self._span)

    def _endpoints(self, name: Leaf, expr: Child) -> tree.EndpointsDef:
        return tree.EndpointsDef(
            self._places.name(name), self._sides.expr(expr), self._doc, self._span
        )

    def _cidr(self, name: Leaf, value: Branch) -> tree.CidrDef:
        return tree.CidrDef(
            self._places.name(name), self._sides.cidrs(value), self._doc, self._span
        )

    def _fqdn(self, name: Leaf, patterns: Branch | None) -> tree.FqdnDef:
        values = () if patterns is None else tuple(map(self._places.value, patterns.children))
        return tree.FqdnDef(self._places.name(name), values, self._doc, self._span)

    def _port_def(self, name: Leaf, ports: Branch) -> tree.PortDef:
        return tree.PortDef(
            self._places.name(name), self._sides.ports(ports), self._doc, self._span
        )

    def _default(self, action: Leaf, directions: Branch, subjects: Branch) -> tree.Default:
        words = tuple(d.value for d in directions.children)
        return tree.Default(action.value, words, self._sides.exprs(subjects), self._doc, self._span)

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
        sides = self._sides.exprs(left), self._sides.exprs(right)
        found = () if ports is None else self._sides.ports(ports)
        end = found[-1].span.end if found else self._sides.end_of(right)
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
            self._sides.exprs(left),
            () if right is None else self._sides.exprs(right),
            () if ports is None else self._sides.ports(ports),
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

    def _test(self, name: Leaf, namespace: Leaf | None) -> tree.Test:
        where = None if namespace is None else self._places.text(namespace)
        return tree.Test(self._places.text(name), where, (), self._doc, self._span)

    def _request(self, node: Branch | None) -> tree.L7 | None:
        return None if node is None else request(self._places, self._problems, node)


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
