"""Statements to facts: rules, defaults, requirements, audits."""

from collections.abc import Hashable
from typing import TypeVar

from msgspec import Struct, field

from cpc.compiler.diagnostics import Label, error
from cpc.compiler.policy.facts import RuleName
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import (
    Action,
    Audit,
    Direction,
    EndpointTerm,
    In,
    Isolation,
    L7Match,
    LabelKey,
    Origin,
    Requirement,
    Rule,
    Tier,
)
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_halves import directions, split_named_ports
from cpc.compiler.policy.resolve_places import Block, origin_of
from cpc.compiler.policy.resolve_ports import Ports, PortSet
from cpc.compiler.policy.resolve_requests import Requests, protocol_of
from cpc.compiler.policy.resolve_sides import (
    Side,
    Sides,
    beyond_this_version,
    peers_of,
    subjects_of,
)
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Rules"]

_MAX_PRIORITY = 65535

T = TypeVar("T", bound=Hashable)


class Rules(Struct):
    """Collects what the statements say; errors are CPC303, CPC330-CPC334, CPC337, CPC338 and CPC341."""

    scope: Scope
    values: Values
    sides: Sides
    ports: Ports
    requests: Requests
    shared: dict[Hashable, Hashable] | None = None
    """Selectors, ports and requests of rules, so that equal ones are the same; None: they need not be."""
    rules: list[Rule] = field(default_factory=list)
    isolations: list[Isolation] = field(default_factory=list)
    open_defaults: list[Isolation] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    rule_names: dict[RuleName, Span] = field(default_factory=dict)
    policies: dict[tuple[str, str], Span] = field(default_factory=dict)
    blocks: int = 0

    def statement(self, statement: tree.Statement, file: int) -> None:
        """One statement of file number `file`, if it is one of those that speak of rules."""
        match statement:
            case tree.Policy():
                self.policy(statement, file)
            case tree.Tier():
                self.tier(statement, file)
            case tree.Rule():
                self.rule(statement, Block(file), 0)
            case tree.Default():
                self.default(statement, Block(file))
            case tree.Audit():
                self.audit(statement, Block(file))
            case _:
                pass

    # --- blocks --------------------------------------------------------------------------------

    def policy(self, policy: tree.Policy, file: int) -> None:
        """A policy block."""
        namespace = "" if policy.namespace is None else policy.namespace.value
        if policy.namespace is not None and not namespace:
            self._refuse(
                "CPC338",
                "a namespace's name is empty",
                policy.namespace.span,
                "leave `namespace` out to speak of every namespace",
            )
        name = policy.name
        self.policy_named((namespace, name.text), name.span)
        if policy.staged:
            self.scope.unenforced.append(("staged", name.span))
        block = Block(file, name.text, namespace, policy.staged)
        for statement in policy.statements:
            match statement:
                case tree.Default():
                    self.default(statement, block)
                case tree.Rule():
                    self.rule(statement, block, 0)
                case tree.Audit():
                    self.audit(statement, block)

    def tier(self, tier: tree.Tier, file: int) -> None:
        """A tier or baseline block: its rules in written order."""
        priority = self.values.number(tier.priority, "a priority")
        if priority is not None and priority > _MAX_PRIORITY:
            self._refuse(
                "CPC337",
                "this priority is too large",
                tier.priority.span,
                f"priorities are 0 (asked first) to {_MAX_PRIORITY}",
            )
        kind = Tier.ADMIN if tier.kind == "admin" else Tier.BASELINE
        name = "" if tier.name is None else tier.name.text
        block = Block(file, name, tier=kind, priority=priority or 0, number=self.blocks)
        self.blocks += 1
        for index, rule in enumerate(tier.rules):
            self.rule(rule, block, index)

    # --- rules ---------------------------------------------------------------------------------

    def rule(self, rule: tree.Rule, block: Block, index: int) -> None:
        """A rule: its halves, or its requirements."""
        self._name(rule, block)
        placed = self._action_fits(rule, block)
        left = self.sides.side(rule.left, block.namespace)
        right = self.sides.side(rule.right, block.namespace)
        ports = self.ports.ports(rule.ports) if rule.ports else None
        l7 = self._request_part(rule, ports)
        if rule.staged and not block.staged:
            self.scope.unenforced.append(("staged", rule.head))
        failed = (rule.ports and ports is None) or (rule.l7 is not None and l7 is None)
        if left is None or right is None or failed or not placed:
            return
        written = None if rule.direction is None else Direction(rule.direction)
        halves = directions(self.scope, written, left, right, rule.head)
        self.scope.unenforced += beyond_this_version((*left, *right))
        origin = origin_of(rule.name, rule.head, block, rule.doc)
        staged = rule.staged or block.staged
        if rule.action == "require":
            self._require(halves, left, right, staged, origin)
            return
        for direction in halves:
            ingress = direction is Direction.INGRESS
            half = Rule(
                direction=direction,
                action=Action(rule.action),
                tier=block.tier,
                priority=block.priority,
                block=block.number,
                index=index,
                subject=self._shared(subjects_of(right if ingress else left)),
                peers=self._shared(peers_of(left if ingress else right)),
                ports=None if ports is None else self._shared(ports.ranges),
                l7=self._shared(l7),
                staged=staged,
                log=rule.log,
                origin=origin,
            )
            named = () if ports is None else ports.named
            self.rules += split_named_ports(self.scope, half, named, right)

    def _shared(self, value: T) -> T:
        if self.shared is None:
            return value
        known = self.shared.setdefault(value, value)
        assert isinstance(known, type(value))
        return known

    def _name(self, rule: tree.Rule, block: Block) -> None:
        if rule.name is None:
            return
        if rule.name.text == "default":
            self._refuse(
                "CPC303",
                "`default` is what tests call a default deny",
                rule.name.span,
                "give the rule another name",
            )
        of_tier = None if block.tier is Tier.NORMAL else block.number
        key = (block.namespace, block.policy, of_tier, rule.name.text)
        self.rule_named(key, rule.name.span)

    def _action_fits(self, rule: tree.Rule, block: Block) -> bool:
        """Whether the action means something in this block."""
        normal = block.tier is Tier.NORMAL
        if rule.action == "pass" and normal:
            self._refuse(
                "CPC332",
                "`pass` outside a tier has nothing to pass to",
                rule.head,
                "move it into a `tier` or `baseline` block, or write `allow`",
            )
            return False
        if rule.action == "require" and not normal:
            self._refuse(
                "CPC332",
                "`require` narrows normal allow rules, not those of a tier",
                rule.head,
                "move it out of the block",
            )
            return False
        extra = rule.ports or rule.l7 is not None or rule.log
        if rule.action == "require" and extra:
            self._refuse(
                "CPC333",
                "`require` takes no ports, no request part and no `log`",
                rule.head,
                "it says what peers must be, whatever they ask for: leave only the two sides",
            )
            return False
        return True

    def _request_part(self, rule: tree.Rule, ports: PortSet | None) -> L7Match | None:
        if rule.l7 is None or rule.action == "require":
            return None
        self.scope.unenforced.append(("request part", rule.l7.span))
        match = self.requests.part(rule.l7)
        if rule.action != "allow":
            self._refuse(
                "CPC341",
                f"`{rule.action}` takes no `{protocol_of(rule.l7)}` part",
                rule.l7.span,
                "allow the requests that may pass: every other request is then denied",
            )
            return None
        if rule.ports and ports is None:
            return None
        return match if self.requests.carried(rule.l7, ports) else None

    def _require(
        self,
        halves: tuple[Direction, ...],
        left: Side,
        right: Side,
        staged: bool,
        origin: Origin,
    ) -> None:
        for direction in halves:
            ingress = direction is Direction.INGRESS
            subjects, peers = (right, left) if ingress else (left, right)
            odd = [o for o in peers if not all(isinstance(t, EndpointTerm) for t in o.peers)]
            for operand in odd:
                self._refuse(
                    "CPC333",
                    "`require` speaks of labels of peers",
                    operand.span,
                    "write a label expression; other kinds of peers are never narrowed",
                )
            if not odd:
                self.requirements.append(
                    Requirement(direction, subjects_of(subjects), peers_of(peers), staged, origin)
                )

    # --- defaults, audits ----------------------------------------------------------------------

    def default(self, default: tree.Default, block: Block) -> None:
        """`default deny` isolates; `default allow` says that nobody is meant to be isolated."""
        side = self._subjects(default.subjects, block)
        if side is None:
            return
        name = tree.Name(f"default {default.action}", default.span)
        origin = origin_of(name, default.span, block, default.doc)
        into = self.isolations if default.action == "deny" else self.open_defaults
        into += [
            Isolation(Direction(d), subjects_of(side), block.staged, origin)
            for d in dict.fromkeys(default.directions)
        ]

    def audit(self, audit: tree.Audit, block: Block) -> None:
        """`audit`: subjects, or all of a namespace."""
        self.scope.unenforced.append(("audit", audit.span))
        origin = origin_of(None, audit.span, block)
        if audit.namespace is not None:
            inside = In(LabelKey("k8s", NAMESPACE_KEY), (audit.namespace.value,))
            self.audits.append(Audit((EndpointTerm(inside),), origin))
            return
        side = self._subjects(audit.subjects, block)
        if side is not None:
            self.audits.append(Audit(subjects_of(side), origin))

    def _subjects(self, exprs: tuple[tree.Expr, ...], block: Block) -> Side | None:
        """A side that is all subjects; None after an error."""
        side = self.sides.side(exprs, block.namespace)
        if side is None:
            return None
        odd = [o for o in side if not o.subjects]
        for operand in odd:
            self._refuse(
                "CPC330",
                "this is never an endpoint of ours, so it decides nothing",
                operand.span,
                "name endpoints, `all`, `cluster`, `init` or `health`",
            )
        self.scope.unenforced += beyond_this_version(side)
        return None if odd else side

    # --- names and errors ----------------------------------------------------------------------

    def policy_named(self, key: tuple[str, str], span: Span) -> None:
        """Notes a policy's name, by namespace."""
        first = self.policies.setdefault(key, span)
        if first != span:
            self._twice(f"a policy named `{key[1]}`", span, first)

    def rule_named(self, key: RuleName, span: Span) -> None:
        """Notes a rule's name."""
        first = self.rule_names.setdefault(key, span)
        if first != span:
            self._twice(f"a rule named `{key[3]}`", span, first)

    def _twice(self, what: str, span: Span, first: Span) -> None:
        self.scope.diagnostics.append(
            error(
                "CPC334",
                f"there already is {what}",
                span,
                labels=(Label(first, "first named here"),),
                help="verdicts and tests name it: rename one of them",
            )
        )

    def _refuse(self, code: str, message: str, span: Span, help: str) -> None:
        self.scope.diagnostics.append(error(code, message, span, help=help))
