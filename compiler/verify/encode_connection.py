"""Both sides of a connection in solver terms, with one set of variables for its source and destination."""

import z3
from msgspec import Struct

from cpc.compiler.policy.model import Direction, Matcher, Policy, PortRange, Selector
from cpc.compiler.policy.semantics import Verdict, decide_terms, selects
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables
from cpc.compiler.verify.vocabulary import policy_vocabulary

__all__ = ["SolverConnections", "SolverSide", "one_source"]


class SolverSide(Struct, frozen=True):
    """A connection as one side reads it: `flow` has the source as its subject."""

    flow: FlowVariables
    side: Direction

    @property
    def subject(self) -> PartyVariables:
        return self.flow.subject if self.side is Direction.EGRESS else self.flow.peer

    @property
    def peer(self) -> PartyVariables:
        return self.flow.peer if self.side is Direction.EGRESS else self.flow.subject

    def same_party(self) -> z3.BoolRef:
        return self.flow.same

    def direction(self, direction: Direction) -> z3.BoolRef:
        return z3.BoolVal(direction is self.side)

    def port_in(self, ports: PortRange) -> z3.BoolRef:
        return self.flow.port_in(ports)

    def request(self, matcher: Matcher) -> z3.BoolRef:
        return self.flow.request(matcher)


def one_source(party: PartyVariables) -> z3.BoolRef:
    """A key has one source in one endpoint's labels."""
    by_key: dict[str, list[z3.BitVecRef]] = {}
    for (_, key), variable in party.labels.items():
        by_key.setdefault(key, []).append(variable)
    return z3.And(*(z3.AtMost(*(v != 0 for v in variables), 1) for variables in by_key.values()))


class SolverConnections:
    """The connections between two of which one has a side, in the open world; `world` holds of them.

    A request is one free boolean for each matcher: what excludes itself with those does so with requests.
    """

    def __init__(self, policy: Policy, *selectors: Selector) -> None:
        vocabulary = policy_vocabulary(policy)
        for selector in selectors:
            vocabulary.add_selector(selector)
        self.flow = FlowVariables(vocabulary)
        self.policy = policy
        self.world = z3.And(
            z3.Or(self.flow.subject.is_managed, self.flow.peer.is_managed),
            z3.Not(self.flow.same),
            self.flow.possible(),
            one_source(self.flow.subject),
            one_source(self.flow.peer),
        )

    def source(self, selector: Selector) -> z3.BoolRef:
        """The source is one of a selector."""
        return selects(SOLVER, self.flow.subject, selector)

    def destination(self, selector: Selector) -> z3.BoolRef:
        """The destination is one of a selector."""
        return selects(SOLVER, self.flow.peer, selector)

    def asks(self, ports: tuple[PortRange, ...] | None) -> z3.BoolRef:
        """The connection is to one of some ports."""
        if ports is None:
            return z3.BoolVal(True)
        return z3.Or(*map(self.flow.port_in, ports))

    def allowed(self) -> z3.BoolRef:
        """Both sides allow it."""
        return z3.And(*(self.allowed_by(side) for side in Direction))

    def allowed_by(self, side: Direction) -> z3.BoolRef:
        """One side allows it."""
        guards = decide_terms(SOLVER, self.policy, SolverSide(self.flow, side))
        return z3.Or(*(guard for guard, d in guards if d.verdict is Verdict.ALLOW))
