"""Syntax trees to a resolved policy: the order in which the parts resolve, and what they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cpc.compiler.diagnostics import Diagnostics, Label, warning
from cpc.compiler.policy.claims import Assert, Test
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
from cpc.compiler.policy.names import collect, report_unused
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

__all__ = ["Definitions", "resolve"]


@dataclass(frozen=True, slots=True)
class Definitions:
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
    scope = collect(files, params, inventory)
    values = Values(scope)
    labels = LabelExprs(scope, values)
    addresses = Addresses(scope, values)
    ports = Ports(scope, values)
    sides = Sides(scope, labels, addresses)
    requests = Requests(scope, values, addresses)
    rules = Rules(scope, values, sides, ports, requests)
    modes = Modes(scope)
    services = Services(scope, values, addresses, sides)
    claims = Claims(scope, values, sides, ports, requests)
    for number, file in enumerate(files):
        for statement in file.statements:
            match statement:
                case tree.Policy():
                    rules.policy(statement, number)
                case tree.Tier():
                    rules.tier(statement, number)
                case tree.Rule():
                    rules.rule(statement, Block(number), 0)
                case tree.Default():
                    rules.default(statement, Block(number))
                case tree.Audit():
                    rules.audit(statement, Block(number))
                case tree.Mode() | tree.AllowHost():
                    modes.add(statement)
                case tree.Service():
                    services.service(statement, Block(number))
                case tree.Assert():
                    claims.add_assert(statement, Block(number))
                case tree.Test():
                    claims.add_test(statement, Block(number))
                case _:
                    pass  # definitions resolved above, includes were followed by `read`
    claims.check_rule_names({name for *_, name in rules.rule_names})
    _warn_of_overruled(rules.isolations, rules.open_defaults, scope.diagnostics)
    report_unused(scope)
    policy = Policy(
        rules=tuple(sorted(rules.rules, key=lambda r: r.key)),
        isolations=_in_order(rules.isolations),
        open_defaults=_in_order(rules.open_defaults),
        requirements=tuple(sorted(rules.requirements, key=lambda r: r.origin.order)),
        audits=tuple(rules.audits),
        mode=modes.mode,
        allow_host=modes.allow_host,
        port_names=_port_names(scope.port_names, inventory),
        unenforced=tuple(scope.unenforced),
    )
    definitions = Definitions(tuple(services.services), tuple(claims.asserts), tuple(claims.tests))
    return policy, definitions, scope.diagnostics


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
