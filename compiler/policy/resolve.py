"""Syntax trees to a resolved policy: the order in which the parts resolve, and what they add up to."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostics, Label, warning
from cpc.compiler.policy.claims import Assert, Test
from cpc.compiler.policy.facts import Facts
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import (
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Isolation,
    Policy,
    PortName,
    Selector,
    Term,
)
from cpc.compiler.policy.names import Definition, collect, report_unused
from cpc.compiler.policy.resolve_addresses import Addresses
from cpc.compiler.policy.resolve_claims import Claims
from cpc.compiler.policy.resolve_labels import LabelExprs
from cpc.compiler.policy.resolve_modes import Modes
from cpc.compiler.policy.resolve_places import Block
from cpc.compiler.policy.resolve_ports import Ports
from cpc.compiler.policy.resolve_requests import Requests
from cpc.compiler.policy.resolve_rules import Rules
from cpc.compiler.policy.resolve_services import Services
from cpc.compiler.policy.resolve_sides import Sides
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.policy.services import Service
from cpc.compiler.syntax import tree

__all__ = ["Definitions", "Run", "resolve"]


class Definitions(Struct, frozen=True):
    """What a policy holds beside its rules, in written order."""

    services: tuple[Service, ...] = ()
    asserts: tuple[Assert, ...] = ()
    tests: tuple[Test, ...] = ()


def resolve(
    files: Sequence[tree.File],
    params: Mapping[str, str],
    inventory: Inventory | None = None,
) -> tuple[Policy, Definitions, Diagnostics]:
    """The meaning of `files`, in their order, with `params` set.

    `inventory` is what named ports resolve under. Errors and warnings are CPC3xx, and CPC202-CPC203;
    after an error the policy lacks the statements that have one.
    """
    run = Run(files, params, inventory)
    for number, file in enumerate(files):
        for statement in file.statements:
            run.statement(statement, number)
    return run.finish()


class Run:
    """Files as they resolve, whose definitions are all known from the start; statements come in their
    order.
    """

    def __init__(
        self,
        files: Sequence[tree.File],
        params: Mapping[str, str],
        inventory: Inventory | None,
        shared: dict[Hashable, Hashable] | None = None,
    ) -> None:
        """What is `shared` by rules is then the same, not only equal."""
        scope = self._scope = collect(files, params, inventory)
        self._kept: list[tree.Statement] = []  # nodes are told apart by their `id`
        values = Values(scope)
        labels = LabelExprs(scope, values)
        addresses = Addresses(scope, values)
        ports = Ports(scope, values)
        sides = Sides(scope, labels, addresses)
        requests = Requests(scope, values, addresses)
        self.rules = Rules(scope, values, sides, ports, requests, shared)
        self._modes = Modes(scope)
        self._services = Services(scope, values, addresses, sides)
        self._claims = Claims(scope, values, sides, ports, requests)

    @property
    def definitions(self) -> Mapping[str, Definition]:
        """Every definition, by its name."""
        return self._scope.definitions

    def statement(self, statement: tree.Statement, file: int) -> None:
        """One statement of file number `file`."""
        self._kept.append(statement)
        match statement:
            case tree.Mode() | tree.AllowHost():
                self._modes.add(statement)
            case tree.Service():
                self._services.service(statement, Block(file))
            case tree.Assert():
                self._claims.add_assert(statement, Block(file))
            case tree.Test():
                self._claims.add_test(statement, Block(file))
            case _:  # definitions resolved before, includes were followed by `read`
                self.rules.statement(statement, file)

    def apart(self, statements: tuple[tree.Statement, ...]) -> Facts | None:
        """What statements about rules say by themselves; None where there is anything to say about them."""
        self._kept += statements
        of = self.rules
        with self._scope.apart() as scope:
            rules = Rules(scope, of.values, of.sides, of.ports, of.requests, of.shared)
            for statement in statements:
                rules.statement(statement, 0)
            if scope.diagnostics:
                return None
            return Facts(
                tuple(rules.rules),
                tuple(rules.isolations),
                tuple(rules.open_defaults),
                tuple(rules.requirements),
                tuple(rules.audits),
                tuple(rules.rule_names.items()),
                tuple(rules.policies.items()),
                rules.blocks,
                frozenset(scope.used),
                frozenset(scope.port_names),
                tuple(scope.unenforced),
            )

    def take(self, said: Sequence[Facts]) -> None:
        """Adds what statements said by themselves, at the places where they lie."""
        rules, scope = self.rules, self._scope
        rules.rules += [rule for facts in said for rule in facts.rules]
        rules.isolations += [one for facts in said for one in facts.isolations]
        rules.open_defaults += [one for facts in said for one in facts.open_defaults]
        rules.requirements += [one for facts in said for one in facts.requirements]
        rules.audits += [one for facts in said for one in facts.audits]
        for policy, span in [name for facts in said for name in facts.policies]:
            rules.policy_named(policy, span)
        names = [name for facts in said for name in facts.rule_names]
        if rules.rule_names or len(dict(names)) < len(names):
            for name, span in names:
                rules.rule_named(name, span)
        else:
            rules.rule_names.update(names)
        rules.blocks += sum(facts.blocks for facts in said)
        scope.used.update(*[facts.used for facts in said])
        scope.port_names.update(*[facts.port_names for facts in said])
        scope.unenforced += [place for facts in said for place in facts.unenforced]

    def finish(self) -> tuple[Policy, Definitions, Diagnostics]:
        """What the statements add up to."""
        rules, scope, claims = self.rules, self._scope, self._claims
        claims.check_rule_names(rules.rule_names)
        _warn_of_overruled(rules.isolations, rules.open_defaults, scope.diagnostics)
        report_unused(scope)
        policy = Policy(
            rules=tuple(sorted(rules.rules, key=_KEY)),
            isolations=_in_order(rules.isolations),
            open_defaults=_in_order(rules.open_defaults),
            requirements=tuple(sorted(rules.requirements, key=lambda r: r.origin.order)),
            audits=tuple(sorted(rules.audits, key=lambda a: a.origin.order)),
            mode=self._modes.mode,
            allow_host=self._modes.allow_host,
            port_names=_port_names(scope.port_names, scope.inventory),
            unenforced=tuple(scope.unenforced),
        )
        services = tuple(self._services.services)
        definitions = Definitions(services, tuple(claims.asserts), tuple(claims.tests))
        return policy, definitions, scope.diagnostics


_KEY = attrgetter("tier", "priority", "origin.order")
"""`Rule.key`, in half the time."""


def _port_names(
    used: Iterable[tuple[str, int]], inventory: Inventory | None
) -> tuple[PortName, ...]:
    """The container ports that rules name, with the numbers that the inventory gives them."""
    ports = {p for e in inventory.endpoints for p in e.ports} if inventory else set()
    return tuple(
        PortName(
            name, protocol, tuple(sorted(n for m, p, n in ports if (m, p) == (name, protocol)))
        )
        for name, protocol in sorted(used)
    )


def _in_order(isolations: Sequence[Isolation]) -> tuple[Isolation, ...]:
    return tuple(sorted(isolations, key=lambda i: i.origin.order))


def _warn_of_overruled(
    isolations: Sequence[Isolation], opens: Sequence[Isolation], diagnostics: Diagnostics
) -> None:
    """A warning for each `default allow` that a `default deny` of the same subjects overrules (CPC203)."""
    for allowed in opens:
        for denied in isolations:
            if allowed.direction is denied.direction and _overlap(allowed.subject, denied.subject):
                diagnostics.append(
                    warning(
                        "CPC203",
                        f"`default deny {denied.direction}` overrules this for some of the same "
                        "endpoints",
                        allowed.origin.span,
                        labels=(Label(denied.origin.span, "deny wins, whatever the order"),),
                        help="remove one of them, or narrow its subjects",
                    )
                )


def _overlap(left: Selector, right: Selector) -> bool:
    """Whether two selectors surely share subjects: a term in common, or one that every endpoint has."""
    return bool(set(left) & set(right)) or any(_every_endpoint(t) for t in (*left, *right))


def _every_endpoint(term: Term) -> bool:
    return term in (
        EntityTerm(Entity.ALL),
        EntityTerm(Entity.CLUSTER),
        EndpointTerm(Everything()),
    )
