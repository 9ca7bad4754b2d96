"""Rules of cluster policies as rules of a tier; what is not understood fails closed, as their API asks."""

from typing import assert_never

from msgspec import Struct, field

from cpc.compiler.documents.nodes import Mapping, Node, Scalar, is_null
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cluster_policy.addresses import Domains, Plain
from cpc.compiler.imports.cluster_policy.dialects import CLUSTER, Dialect
from cpc.compiler.imports.cluster_policy.fields import (
    Closed,
    fields,
    items,
    required,
)
from cpc.compiler.imports.cluster_policy.peers import Peer, Peers
from cpc.compiler.imports.cluster_policy.ports import admin_port, cluster_protocol
from cpc.compiler.imports.cluster_policy.relations import Relation, pairs
from cpc.compiler.imports.context import Context
from cpc.compiler.imports.identifiers import free_name, identifier
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Rules"]

_MAX_NAME = 100

_MEANT = {"allow": "allow", "accept": "allow", "deny": "deny", "drop": "deny", "pass": "pass"}
"""What people call actions, and the action that they mean."""

_NO_NAMES = ("networks", "nodes", "domainNames")
"""Peers without container ports."""


class Rules(Struct):
    """Reads the rules of one policy, called `policy`, about one subject."""

    context: Context
    dialect: Dialect
    policy: str
    subject: tree.Labels
    rules: list[tree.Rule] = field(default_factory=list)
    definitions: list[tree.FqdnDef] = field(default_factory=list)
    _names: set[str] = field(default_factory=lambda: {"default"})

    def read(self, direction: str, entry: tuple[Scalar, Node]) -> None:
        """Every rule of a direction, in written order."""
        for node in items(self.context, entry, self.dialect.limit):
            self._rule(direction, node)

    def _rule(self, direction: str, node: Node) -> None:
        """One rule; nothing after an error."""
        context = self.context
        mark = context.mark
        what = f"an {direction} rule"
        side = "from" if direction == "ingress" else "to"
        if is_null(node):
            help = f"write an `action`, and `{side}` with at least one peer"
            context.refuse("CPC804", f"this {direction} rule is nothing", node.span, help)
            return
        parts = self._fields(node, what, side)
        said = context.failed(mark)
        name = self._written_name(parts)
        action = self._action(required(context, parts, "action", what, node.span, said=said))
        peers = self._peers(required(context, parts, side, what, node.span, said=said), direction)
        ports = self._ports(parts)
        if direction == "egress":
            self._check_egress(parts, action, peers, ports)
        if context.failed(mark) or action is None:
            return
        rule = _Draft(direction, action, name, node.span)
        closed = [found for found in (*peers, *ports) if isinstance(found, Closed)]
        if closed:
            self._fail_closed(rule, closed)
            return
        parts_known = tuple(p for p in ports if isinstance(p, tree.PortPart))
        self._expand(rule, [p for p in peers if not isinstance(p, Closed)], parts_known)

    # --- parts ---------------------------------------------------------------------------------

    def _fields(self, node: Node, what: str, side: str) -> Fields:
        """The fields of a rule; those of the other version or direction are errors with a help."""
        known = ("name", "action", side, self.dialect.ports)
        renamed = {
            "protocols" if self.dialect.ports == "ports" else "ports": self.dialect.ports,
            "to" if side == "from" else "from": side,
        }
        parts = fields(self.context, node, what, (*known, *renamed))
        for name, right in renamed.items():
            if name in parts:
                self.context.refuse(
                    "CPC703",
                    f"`{name}` is not a key of {what}",
                    parts.pop(name)[0].span,
                    f"here it is `{right}`",
                )
        return parts

    def _written_name(self, parts: Fields) -> Scalar | None:
        if "name" not in parts:
            return None
        node = parts["name"][1]
        if isinstance(node, Scalar) and node.is_string and not node.text:
            return None
        word = self.context.string(node, "`name`")
        if word is not None and len(word.text) > _MAX_NAME:
            self.context.refuse(
                "CPC804",
                f"a rule's name has {len(word.text)} characters",
                word.span,
                f"the API takes up to {_MAX_NAME}",
            )
        return word

    def _action(self, entry: tuple[Scalar, Node] | None) -> str | None:
        context, actions = self.context, self.dialect.actions
        word = None if entry is None else context.string(entry[1], "`action`")
        if word is None:
            return None
        if word.text in actions:
            return actions[word.text]
        meant = _MEANT.get(word.text.lower())
        near = next((w for w, a in actions.items() if a == meant), None)
        if meant is None:
            context.choice(word, "an action", tuple(actions))
            return None
        help = f"write `{near}`"
        if near is None:
            help = f"a baseline has nothing to pass to: write one of {', '.join(actions)}"
        context.refuse("CPC804", f"`{word.text}` is not an action here", word.span, help)
        return None

    def _peers(self, entry: tuple[Scalar, Node] | None, direction: str) -> list[Peer]:
        if entry is None:
            return []
        reader = Peers(self.context, self.dialect)
        listed = items(self.context, entry, self.dialect.limit, 1)
        found = [reader.peer(item, direction) for item in listed]
        return [peer for peer in found if peer is not None]

    def _ports(self, parts: Fields) -> list[tree.PortPart | Closed]:
        """The ports; none where the rule is about every protocol."""
        if self.dialect.ports not in parts:
            return []
        read = cluster_protocol if self.dialect is CLUSTER else admin_port
        listed = items(self.context, parts[self.dialect.ports], self.dialect.limit, 1)
        found = [read(self.context, item) for item in listed]
        return [port for port in found if port is not None]

    def _check_egress(
        self,
        parts: Fields,
        action: str | None,
        peers: list[Peer],
        ports: list[tree.PortPart | Closed],
    ) -> None:
        """What the API refuses of peers together with the rest of their rule."""
        context = self.context
        for peer in peers:
            if isinstance(peer, Domains) and action in ("deny", "pass"):
                allow = next(w for w, a in self.dialect.actions.items() if a == "allow")
                context.refuse(
                    "CPC804",
                    f"`domainNames` stands in `{allow}` rules only",
                    peer.span,
                    "deny addresses below the rule that allows the names",
                )
        named = [p.span for p in ports if isinstance(p, tree.PortPart) and p.protocol == "any"]
        listed = context.sequence(parts["to"][1], "`to`") if named and "to" in parts else ()
        for item in listed:
            keys = [key.text for key, _ in item.entries] if isinstance(item, Mapping) else []
            if keys and keys[0] in _NO_NAMES:
                context.warn(
                    "CPC833",
                    f"a port's name means nothing for `{keys[0]}`, which have no container ports",
                    named[0],
                    "write the number, or make the peer a rule of its own: the API server refuses this one",
                )
                return

    # --- what becomes of a rule ----------------------------------------------------------------

    def _fail_closed(self, rule: "_Draft", closed: list[Closed]) -> None:
        """An allow matches nothing; a deny or pass becomes a deny of everything."""
        outcome = "matches nothing" if rule.action == "allow" else "denies everything"
        for found in closed:
            missing = "no field" if found.key is None else f"only `{found.key}`"
            self.context.warn(
                "CPC830",
                f"{found.what} has {missing}: the rule fails closed and {outcome}",
                found.span,
                found.help,
            )
        if rule.action != "allow":
            everyone: tuple[tree.Expr, ...] = (tree.Name("all", rule.span),)
            self._add(rule, "deny", self.subject, everyone, ())

    def _expand(
        self, rule: "_Draft", peers: list[Plain | Domains | Relation], ports: tuple[tree.Ports, ...]
    ) -> None:
        """One rule of the plain peers, and one for each group of namespaces that a relation speaks of."""
        plain: list[tree.Expr] = []
        relations: list[Relation] = []
        for peer in peers:
            match peer:
                case Plain(exprs):
                    plain += exprs
                case Domains(names, span):
                    plain.append(self._define(rule, names, span))
                case Relation():
                    relations.append(peer)
                case _:
                    assert_never(peer)
        if plain:
            self._add(rule, rule.action, self.subject, tuple(plain), ports)
        inventory = self.context.inventory or Inventory()
        for relation in relations:
            groups = pairs(relation, self.subject, inventory)
            for subject, related in groups:
                self._add(rule, rule.action, subject, (related,), ports)
            if not groups:
                self.context.warn(
                    "CPC832",
                    "no namespace of the inventory has these labels: this peer matches nothing",
                    relation.span,
                    "correct the labels, or those of the Namespaces",
                )

    def _define(self, rule: "_Draft", names: tuple[tree.Value, ...], span: Span) -> tree.Name:
        own = "" if rule.name is None else f"-{rule.name.text}"
        name = self.context.definition_name(f"{self.policy}{own}-domains", span)
        self.definitions.append(tree.FqdnDef(name, names, "", span))
        return name

    def _add(
        self,
        rule: "_Draft",
        action: str,
        subject: tree.Labels,
        peers: tuple[tree.Expr, ...],
        ports: tuple[tree.Ports, ...],
    ) -> None:
        side: tuple[tree.Expr, ...] = (subject,)
        left, right = (peers, side) if rule.direction == "ingress" else (side, peers)
        self.rules.append(
            tree.Rule(
                staged=False,
                direction=rule.direction,
                action=action,
                name=self._name(rule),
                left=left,
                right=right,
                ports=ports,
                l7=None,
                log=False,
                doc="",
                span=rule.span,
                head=rule.span,
            )
        )

    def _name(self, rule: "_Draft") -> tree.Name | None:
        """The rule's name, made one of the language, and unique in its block."""
        if rule.name is None:
            return None
        name = free_name(identifier(rule.name.text), self._names)
        self._names.add(name)
        return tree.Name(name, rule.name.span)


class _Draft(Struct, frozen=True):
    """What is known of a rule before its sides."""

    direction: str
    action: str
    name: Scalar | None
    span: Span
