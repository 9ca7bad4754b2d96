"""What policies speak of: the fields and atoms of the grid in which each half of them is a union of boxes."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from msgspec import Struct, field

from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    LabelKey,
    NamedPort,
    Network,
    Not,
    Policy,
    PortRange,
    Selector,
    ServiceTerm,
    Term,
)
from cpc.compiler.verify.engine.space import Side, Space

__all__ = ["Mentioned", "space_of"]


class Mentioned(Struct):
    """What selectors and ports speak of, in order of mention; `switches` are of one side each."""

    keys: dict[LabelKey, dict[str, None]] = field(default_factory=dict)
    networks: set[Network] = field(default_factory=set)
    ports: set[PortRange] = field(default_factory=set)
    switches: dict[tuple[Side, object], None] = field(default_factory=dict)
    _heard: dict[tuple[Side, int], Selector] = field(default_factory=dict)

    def policy(self, policy: Policy) -> None:
        """Adds what a policy speaks of."""
        for rule in policy.rules:
            self.selector(Side.SUBJECT, rule.subject)
            self.selector(Side.PEER, rule.peers)
            self.ports.update(rule.ports or ())
        for isolation in (*policy.isolations, *policy.open_defaults):
            self.selector(Side.SUBJECT, isolation.subject)
        for requirement in policy.requirements:
            self.selector(Side.SUBJECT, requirement.subject)
            self.selector(Side.PEER, requirement.peers)
        for audit in policy.audits:
            self.selector(Side.SUBJECT, audit.subject)

    def selector(self, side: Side, selector: Selector) -> None:
        """Adds what a selector of one side speaks of."""
        said = side, id(selector)
        if said in self._heard:
            return
        self._heard[said] = selector  # kept, so that no other has its `id`
        for term in selector:
            self._term(side, term)

    @property
    def label_keys(self) -> Sequence[tuple[LabelKey, tuple[str, ...]]]:
        """Keys with their values, as `Space` takes them."""
        return [(key, tuple(values)) for key, values in self.keys.items()]

    def _term(self, side: Side, term: Term) -> None:
        match term:
            case EndpointTerm(expr):
                self._expr(expr)
            case Cidr(network, excepts):
                self.networks.update((network, *excepts))
            case NamedPort(inner, name, protocol, port):
                self.switches[side, (name, protocol, port)] = None
                self._term(side, inner)
            case ServiceTerm(name):
                self.switches[side, ServiceTerm(name)] = None
            case Fqdn(patterns):
                self.switches.update(((side, pattern), None) for pattern in patterns)
            case EntityTerm():
                pass
            case _:
                assert_never(term)

    def _expr(self, expr: LabelExpr) -> None:
        match expr:
            case Everything():
                pass
            case Has(key):
                self.keys.setdefault(key, {})
            case In(key, values):
                self.keys.setdefault(key, {}).update(dict.fromkeys(values))
            case Not(operand):
                self._expr(operand)
            case AllOf(operands) | AnyOf(operands):
                for operand in operands:
                    self._expr(operand)
            case _:
                assert_never(expr)


def space_of(policies: Iterable[Policy]) -> Space:
    """The grid in which every half of these policies is a union of boxes."""
    said = Mentioned()
    for policy in policies:
        said.policy(policy)
    return Space(said.label_keys, said.networks, said.ports, said.switches)
