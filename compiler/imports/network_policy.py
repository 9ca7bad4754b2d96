"""Kubernetes NetworkPolicy v1 (networking.k8s.io) as a policy of its namespace.

Source: the API reference of Kubernetes, "NetworkPolicy v1 networking.k8s.io".
"""

from cpc.compiler.documents.nodes import Node, Scalar, is_null
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.context import Context, port_range_help
from cpc.compiler.imports.networks import network_ref
from cpc.compiler.imports.objects import Object
from cpc.compiler.imports.selectors import label_terms, pod_key, pods
from cpc.compiler.syntax import tree

__all__ = ["network_policy"]

_SPEC = ("podSelector", "policyTypes", "ingress", "egress")
_SPEC_ELSEWHERE = {
    "endpointSelector": "the field of a NetworkPolicy is `podSelector`",
    "subject": "the field of a NetworkPolicy is `podSelector`",
}
_RULE_ELSEWHERE = {
    "ingress": {
        "to": "an ingress rule says `from` whom; rules with `to` stand below `egress`",
        "fromEndpoints": "the field of a NetworkPolicy is `from: [{podSelector: ...}]`",
        "fromCIDR": "the field of a NetworkPolicy is `from: [{ipBlock: {cidr: ...}}]`",
        "toPorts": "the field of a NetworkPolicy is `ports: [{port: 80}]`",
    },
    "egress": {
        "from": "an egress rule says `to` whom; rules with `from` stand below `ingress`",
        "toEndpoints": "the field of a NetworkPolicy is `to: [{podSelector: ...}]`",
        "toCIDR": "the field of a NetworkPolicy is `to: [{ipBlock: {cidr: ...}}]`",
        "toPorts": "the field of a NetworkPolicy is `ports: [{port: 80}]`",
        "toFQDNs": "a NetworkPolicy knows no names: write addresses, `to: [{ipBlock: {cidr: ...}}]`",
    },
}
"""Help for what Cilium calls otherwise, and for what stands in another place."""
_TYPES = {"Ingress": "ingress", "Egress": "egress"}
_PROTOCOLS = ("TCP", "UDP", "SCTP")


def network_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The policy that a NetworkPolicy is: it isolates its pods, and allows what its rules say."""
    fields = context.object(object, object.namespace or "default")
    if "spec" not in fields:
        context.warn(
            "CPC805",
            f"`{object.shown}` has no `spec`: it isolates every pod of its namespace",
            object.spot,
            "write the `spec`, or remove the object",
        )
    return _NetworkPolicy(object, context).statements(fields)


class _NetworkPolicy:
    def __init__(self, object: Object, context: Context) -> None:
        self._object = object
        self._context = context
        self._namespace = object.namespace or "default"

    def statements(self, fields: Fields) -> tuple[tree.Statement, ...]:
        context = self._context
        spec = (
            context.fields(fields["spec"][1], "`spec`", _SPEC, _SPEC_ELSEWHERE)
            if "spec" in fields
            else {}
        )
        spot = self._object.spot
        place, subject = spot, tree.Labels((), spot)
        terms: tuple[tree.LabelTerm, ...] | None = ()
        if "podSelector" in spec:
            word, node = spec["podSelector"]
            place = word.span.to(node.span)
            terms = label_terms(context, node, "`podSelector`", pod_key)
            subject = tree.Labels(terms or (), node.span)
        directions = self._directions(spec)
        body: list[tree.Default | tree.Rule] = []
        if directions:
            body.append(tree.Default("deny", directions, (subject,), "", place))
        for direction in directions:
            if direction in spec:
                for item in context.sequence(spec[direction][1], f"`{direction}`"):
                    body += self._rule(direction, item, subject)
        for direction in ("ingress", "egress"):
            if direction in spec and direction not in directions:
                context.warn(
                    "CPC806",
                    f"`{direction}` has no effect: `policyTypes` does not name it",
                    spec[direction][0].span,
                    f"add `{direction.capitalize()}` to `policyTypes`, or remove `{direction}`",
                )
        if terms is None:
            return ()
        name = context.policy_name(self._object, self._namespace)
        namespace = tree.Text(self._namespace, spot)
        return (tree.Policy(False, name, namespace, tuple(body), "", self._object.node.span),)

    def _directions(self, spec: Fields) -> tuple[str, ...]:
        """What the policy isolates: its types; by default ingress, and egress where it has a section."""
        listed = (
            self._context.sequence(spec["policyTypes"][1], "`policyTypes`")
            if "policyTypes" in spec
            else ()
        )
        if not listed:
            egress = "egress" in spec and self._context.sequence(spec["egress"][1], "`egress`")
            return ("ingress", "egress") if egress else ("ingress",)
        found: dict[str, None] = {}
        for item in listed:
            word = self._context.string(item, "a policy type")
            if word is not None and word.text in _TYPES:
                found[_TYPES[word.text]] = None
            elif word is not None:
                self._context.choice(word, "a policy type", tuple(_TYPES))
        return tuple(sorted(found, key=("ingress", "egress").index))

    def _rule(self, direction: str, node: Node, subject: tree.Labels) -> list[tree.Rule]:
        """One rule; nothing after an error."""
        context = self._context
        mark = context.mark
        side = "from" if direction == "ingress" else "to"
        if is_null(node):
            context.refuse(
                "CPC804", f"this {direction} rule is nothing", node.span, "write `{}` to allow all"
            )
        what = f"an {direction} rule"
        parts = context.fields(node, what, (side, "ports"), _RULE_ELSEWHERE[direction])
        listed = context.sequence(parts[side][1], f"`{side}`") if side in parts else ()
        peers = [e for item in listed for e in self._peer(item)]
        everyone: tuple[tree.Expr, ...] = (tree.Name("all", node.span),)
        ports = (
            [p for item in context.sequence(parts["ports"][1], "`ports`") for p in self._port(item)]
            if "ports" in parts
            else []
        )
        if context.failed(mark):
            return []
        others = tuple(peers) or everyone
        left, right = (others, (subject,)) if side == "from" else ((subject,), others)
        place = node.span
        return [
            tree.Rule(
                False,
                direction,
                "allow",
                None,
                left,
                right,
                tuple(ports),
                None,
                False,
                "",
                place,
                place,
            )
        ]

    # --- peers ---------------------------------------------------------------------------------

    def _peer(self, node: Node) -> list[tree.Expr]:
        context = self._context
        known = ("podSelector", "namespaceSelector", "ipBlock")
        mark = context.mark
        parts = context.fields(node, "a peer", known)
        if not parts and not context.failed(mark):
            context.refuse(
                "CPC804",
                "a peer is empty",
                node.span,
                "write `podSelector: {}` for every pod of the namespace, or leave `from` and `to` out "
                "to mean everyone",
            )
        if not parts:
            return []
        if "ipBlock" in parts:
            if len(parts) > 1:
                context.refuse(
                    "CPC804",
                    "`ipBlock` stands alone in a peer",
                    parts["ipBlock"][0].span,
                    "make the selector a peer of its own",
                )
                return []
            block = self._block(parts["ipBlock"][1])
            return [] if block is None else [block]
        labels = pods(context, parts, node.span, self._namespace)
        return [] if labels is None else [labels]

    def _block(self, node: Node) -> tree.CidrRef | None:
        context = self._context
        parts = context.fields(node, "`ipBlock`", ("cidr", "except"))
        if "cidr" not in parts:
            context.refuse("CPC804", "`ipBlock` has no `cidr`", node.span, "add `cidr:`")
            return None
        listed = context.sequence(parts["except"][1], "`except`") if "except" in parts else ()
        found = network_ref(context, parts["cidr"][1], listed, node.span, scope_any=False)
        for item in () if found is None else found.items:
            excepts = item.excepts if isinstance(item, tree.CidrItem) else ()
            for hole in excepts:
                if isinstance(item, tree.CidrItem) and hole.value == item.network.value:
                    context.refuse(
                        "CPC804",
                        f"`except` is all of `{hole.value}`",
                        hole.span,
                        "it names a part of `cidr`: correct one of them, or remove the peer",
                    )
        return found

    # --- ports ---------------------------------------------------------------------------------

    def _port(self, node: Node) -> list[tree.PortPart]:
        context = self._context
        parts = context.fields(node, "a port", ("protocol", "port", "endPort"))
        protocol = "tcp"
        if "protocol" in parts:
            word = context.string(parts["protocol"][1], "`protocol`")
            if word is None:
                return []
            if word.text not in _PROTOCOLS:
                context.choice(word, "a protocol", _PROTOCOLS)
                return []
            protocol = word.text.lower()
        if "port" not in parts:
            if "endPort" in parts:
                place = parts["endPort"][0].span
                context.refuse("CPC804", "`endPort` needs `port`", place, "add the first port")
                return []
            return [tree.PortPart(protocol, (), None, node.span)]
        item = self._port_item(parts)
        return [] if item is None else [tree.PortPart(protocol, (item,), None, node.span)]

    def _port_item(self, parts: Fields) -> tuple[tree.Value, tree.Value] | tree.Text | None:
        context = self._context
        value = parts["port"][1]
        if isinstance(value, Scalar) and value.is_string and value.text:
            if "endPort" in parts:
                place = parts["endPort"][0].span
                context.refuse("CPC804", "`endPort` needs a number as `port`", place, "write one")
            elif value.text.isdecimal():
                context.refuse(
                    "CPC804", f"`{value.text}` is no port name", value.span, "remove the quotes"
                )
            elif (help := port_range_help(value.text)) is not None:
                context.refuse("CPC804", f"`{value.text}` is no port name", value.span, help)
            elif context.is_port_name(value):
                return tree.Text(value.text, value.span)
            return None
        low = context.number(value, "`port`", 1, 65535)
        if low is None:
            return None
        first = tree.Number(low, value.span)
        if "endPort" not in parts:
            return (first, first)
        end = parts["endPort"][1]
        high = context.number(end, "`endPort`", 1, 65535)
        if high is None:
            return None
        if high < low:
            context.refuse(
                "CPC804",
                f"`endPort` is less than `port`: {high} < {low}",
                end.span,
                "exchange them",
            )
            return None
        return (first, tree.Number(high, end.span))
