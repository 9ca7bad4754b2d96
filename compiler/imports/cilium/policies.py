"""Policies of Cilium, of Kubernetes or in its own JSON, as policies of the language.

Source: Cilium's documentation, "Overview of Network Policy", and its API reference of Rule.
"""

from msgspec.structs import replace

from cpc.compiler.documents.nodes import Mapping, Node, Scalar, is_null
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cilium.peers import members, peers
from cpc.compiler.imports.cilium.ports import PortRule, port_rules
from cpc.compiler.imports.cilium.rule import CiliumRule, Scope
from cpc.compiler.imports.cilium.selectors import requirement, subject
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.objects import Object
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["cilium_network_policy", "cilium_rule", "clusterwide_policy"]

_RULE = (
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "ingressDeny",
    "egress",
    "egressDeny",
    "labels",
    "enableDefaultDeny",
    "description",
    "log",
)
_DIRECTIONS = ("ingress", "egress")
_ELSEWHERE = {
    "podSelector": "Cilium's field is `endpointSelector`",
    "policyTypes": "each direction that has rules is isolated; `enableDefaultDeny` says otherwise",
}
_PORTS = 'Cilium\'s field is `toPorts`, as in `toPorts: [{ports: [{port: "80", protocol: TCP}]}]`'
_RULE_ELSEWHERE = {
    "ingress": {
        "from": "Cilium's fields are `fromEndpoints`, `fromCIDR`, `fromEntities` and their like",
        "ports": _PORTS,
        "fromPorts": "Cilium knows destination ports only: write `toPorts`",
        "fromFQDNs": "names are for egress only, as `toFQDNs`; here write addresses: `fromCIDR`",
        "toFQDNs": "names are for egress only: move the rule there",
    },
    "egress": {
        "to": "Cilium's fields are `toEndpoints`, `toCIDR`, `toEntities` and their like",
        "ports": _PORTS,
    },
}
"""Help for what Kubernetes calls otherwise, and for what stands in another place."""


def cilium_network_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The policies that a CiliumNetworkPolicy holds: one for each rule, all in its namespace."""
    rule = CiliumRule(context, Scope.NAMESPACE, object.namespace or "default")
    return _of_kubernetes(object, rule)


def clusterwide_policy(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The policies that a CiliumClusterwideNetworkPolicy holds: one for each rule."""
    rule = CiliumRule(context, Scope.CLUSTER, "")
    if object.namespace:
        context.warn(
            "CPC831",
            f"a {object.kind} is in no namespace",
            object.spot,
            "remove `namespace`, or make it a CiliumNetworkPolicy",
        )
    return _of_kubernetes(object, rule)


def cilium_rule(object: Object, context: Context) -> tuple[tree.Statement, ...]:
    """The policy that a rule of Cilium's JSON is, called as its label `name` says."""
    rule = CiliumRule(context, Scope.AGENT, "")
    parts = rule.fields(object.node, "a rule", _RULE, _ELSEWHERE)
    named = _label_name(rule, parts) or object.name
    return _policy(rule, replace(object, name=named), parts, object.node)


def _of_kubernetes(object: Object, rule: CiliumRule) -> tuple[tree.Statement, ...]:
    context = rule.context
    top = context.object(object, rule.namespace, ("spec", "specs", "status", "description"))
    if "description" in top and not is_null(top["description"][1]):
        word = top["description"][0]
        context.warn(
            "CPC826",
            f"`description` of a {object.kind} stands in its rules",
            word.span,
            "move it into `spec`: the API server drops or refuses it here",
        )
    specs: list[Node] = []
    if "spec" in top and not is_null(top["spec"][1]):
        specs.append(top["spec"][1])
    if "specs" in top:
        specs += context.sequence(top["specs"][1], "`specs`")
    if not specs:
        rule.wrong(
            f"a {object.kind} needs `spec` or `specs`", object.spot, "write a rule as `spec`"
        )
    found: list[tree.Statement] = []
    for node in specs:
        own = CiliumRule(context, rule.scope, rule.namespace)
        found += _policy(own, object, own.fields(node, "`spec`", _RULE, _ELSEWHERE), node)
    return tuple(found)


def _label_name(rule: CiliumRule, parts: Fields) -> str:
    """The value of the label `name`; labels are mappings, or texts such as `name=web`."""
    if "labels" not in parts:
        return ""
    name = ""
    for item in rule.context.sequence(parts["labels"][1], "`labels`"):
        if isinstance(item, Mapping):
            label = rule.fields(item, "a label", ("key", "value", "source"))
            texts = {key: rule.text(label, key) for key in label}
            key, value = texts.get("key"), texts.get("value")
            pair = ("" if key is None else key.text, "" if value is None else value.text)
        else:
            text = rule.context.string(item, "a label")
            left, _, right = ("" if text is None else text.text).partition("=")
            pair = (left.rpartition(":")[2], right)
        name = name or (pair[1] if pair[0] == "name" else "")
    return name


def _policy(
    rule: CiliumRule, object: Object, parts: Fields, node: Node
) -> tuple[tree.Statement, ...]:
    """One rule as a policy, after the definitions that it needs; nothing after an error."""
    mark = rule.context.mark
    selected = _subject(rule, object, parts, node)
    about = selected or tree.Labels((), node.span)
    namespace = rule.namespace
    if isinstance(about, tree.Name):
        rule.entity, namespace = about.text, ""
        if rule.scope is Scope.NAMESPACE:
            rule.context.warn(
                "CPC825",
                f"`{about.text}` endpoints are in no namespace: this is about every one of them",
                about.span,
                "make it a CiliumClusterwideNetworkPolicy",
            )
    name = rule.context.policy_name(object, namespace)
    rule.name = name.text
    sections = {d: _section(rule, parts, d, about) for d in _DIRECTIONS}
    used = {d: found is not None for d, found in sections.items()}
    defaults = _defaults(rule, parts, about, used)
    rules = [r for found in sections.values() for r in found or ()]
    description = rule.text(parts, "description")
    if rule.context.failed(mark) or selected is None:
        return ()
    if not (defaults or rules):
        help = "write `ingress` or `egress` rules, or remove the policy"
        rule.context.warn("CPC826", f"policy `{name.text}` has no effect", name.span, help)
    place = None if not namespace else tree.Text(namespace, name.span)
    doc = "" if description is None else _doc(description)
    policy = tree.Policy(False, name, place, (*defaults, *rules), doc, node.span)
    return (*rule.definitions, policy)


def _doc(text: Scalar) -> str:
    """A description as lines of a doc comment, of what can be seen."""
    lines = text.text.replace("\u2028", "\n").replace("\u2029", "\n").split("\n")
    seen = ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines]
    return "\n".join(seen).strip("\n") if any(seen) else ""


def _subject(rule: CiliumRule, object: Object, parts: Fields, node: Node) -> "tree.Expr | None":
    if "nodeSelector" in parts:
        rule.cannot(
            "`nodeSelector` cannot be imported: the host has no side here",
            parts["nodeSelector"][0].span,
            "policies of hosts stay with Cilium; `endpointSelector` is about endpoints",
        )
        return None
    if "endpointSelector" not in parts:
        if isinstance(node, Mapping) or is_null(node):
            help = "add it; `endpointSelector: {}` is every endpoint"
            rule.lacking("a rule has no `endpointSelector`", node, help, object.spot)
        return None
    return subject(rule, parts["endpointSelector"][1])


# --- sections ----------------------------------------------------------------------------------


def _defaults(
    rule: CiliumRule, parts: Fields, about: tree.Expr, used: dict[str, bool]
) -> list[tree.Default]:
    """What a rule isolates: each direction that it has rules for, unless it says otherwise."""
    said: dict[str, bool] = {}
    place = about.span
    if "endpointSelector" in parts:
        place = parts["endpointSelector"][0].span.to(place)
    if "enableDefaultDeny" in parts:
        node = parts["enableDefaultDeny"][1]
        for word, (_, value) in rule.fields(node, "`enableDefaultDeny`", _DIRECTIONS).items():
            truth = rule.context.truth(value, f"`{word}`")
            if truth is not None:
                said[word] = truth
    deny = tuple(d for d in _DIRECTIONS if said.get(d, used[d]))
    allow = tuple(d for d in _DIRECTIONS if used[d] and not said.get(d, True))
    return [
        tree.Default(action, directions, (about,), "", place)
        for action, directions in (("deny", deny), ("allow", allow))
        if directions
    ]


def _section(
    rule: CiliumRule, parts: Fields, direction: str, about: tree.Expr
) -> list[tree.Rule] | None:
    """The rules of one direction, of those that allow and those that deny; None where there are none."""
    found: list[tree.Rule] = []
    some = False
    for name, deny in ((direction, False), (f"{direction}Deny", True)):
        items = rule.context.sequence(parts[name][1], f"`{name}`") if name in parts else ()
        some = some or bool(items)
        for item in items:
            found += _rules(rule, item, direction, deny, about)
    return found if some else None


def _rules(
    rule: CiliumRule, node: Node, direction: str, deny: bool, about: tree.Expr
) -> list[tree.Rule]:
    """One entry of a section: it requires, allows or denies; one that says nothing only isolates."""
    what = f"an {direction}{'Deny' if deny else ''} rule"
    if is_null(node):
        rule.wrong(f"{what} is nothing", node.span, "write `{}` for a rule that only isolates")
        return []
    side = "from" if direction == "ingress" else "to"
    known = [*members(direction, deny), f"{side}Requires", "toPorts", "icmps"]
    if not deny:
        known += ("authentication", "auth")
    parts = rule.fields(node, what, known, _RULE_ELSEWHERE[direction])
    _authentication(rule, parts)
    rules = _requirements(rule, parts, f"{side}Requires", deny, direction, about)
    others = peers(rule, parts, direction, deny)
    ports = port_rules(rule, parts, direction, deny)
    if others is None:
        others = (tree.Name("all", node.span),) if ports is not None else ()
    if ports is None:
        ports = (PortRule((), None, node.span),)
    if others:
        action = "deny" if deny else "allow"
        rules += [_rule(direction, action, about, others, one, node.span) for one in ports]
    return rules


def _rule(
    direction: str,
    action: str,
    about: tree.Expr,
    others: tuple[tree.Expr, ...],
    ports: PortRule,
    span: Span,
) -> tree.Rule:
    left, right = (others, (about,)) if direction == "ingress" else ((about,), others)
    place = span if ports.l7 is None else ports.span
    return tree.Rule(
        False, direction, action, None, left, right, ports.ports, ports.l7, False, "", place, place
    )


def _requirements(
    rule: CiliumRule, parts: Fields, name: str, deny: bool, direction: str, about: tree.Expr
) -> list[tree.Rule]:
    """Every selector of the list is required of label peers: one statement for each."""
    if name not in parts:
        return []
    if deny:
        rule.cannot(
            f"`{name}` of a deny rule cannot be imported: it would narrow what is denied",
            parts[name][0].span,
            "write it into the selectors of the rule",
        )
        return []
    items = rule.context.sequence(parts[name][1], f"`{name}`")
    found = [requirement(rule, item, f"a selector of `{name}`") for item in items]
    nothing = PortRule((), None, parts[name][1].span)
    return [
        _rule(direction, "require", about, (one,), nothing, one.span)
        for one in found
        if one is not None
    ]


def _authentication(rule: CiliumRule, parts: Fields) -> None:
    """Connections are not authenticated here: a rule that asks for it is refused (CPC809)."""
    for name, field, without in (("authentication", "mode", "disabled"), ("auth", "type", "null")):
        if name not in parts:
            continue
        word, node = parts[name]
        value = rule.text(rule.fields(node, f"`{name}`", (field,)), field)
        if value is not None and value.text != without:
            help = "allow it without, or leave the rule to Cilium"
            rule.cannot(
                f"`{field}: {value.text}` cannot be imported: cpc authenticates nobody",
                value.span,
                help,
            )
        elif name == "auth":
            rule.context.warn(
                "CPC826", "`auth` has no effect: this type asks for nothing", word.span, "remove it"
            )
