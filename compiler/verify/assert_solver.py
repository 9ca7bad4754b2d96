"""Asserts by z3 alone: where the engine's search does not end, and as a second reading for tests."""

import z3

from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.model import Entity, Policy, Selector
from cpc.compiler.verify import solve
from cpc.compiler.verify.encode_connection import SolverConnections

__all__ = ["SolverRegion", "counterexample"]


class SolverRegion:
    """The connections that an assert is about, in the open world, as solver terms."""

    def __init__(self, policy: Policy, claim: Assert) -> None:
        self._policy = policy
        self._claim = claim
        self.terms = SolverConnections(policy, claim.left, claim.right)
        self.world = z3.And(self.terms.world, self.terms.asks(claim.ports))

    def pair(self) -> z3.BoolRef:
        """From the left side to the right one."""
        claim = self._claim
        return z3.And(self.terms.source(claim.left), self.terms.destination(claim.right))

    def outside(self, selector: Selector) -> z3.BoolRef:
        """The source is outside, and not the local host that is let through."""
        host = self.terms.flow.subject.entity(Entity.HOST)
        let_through = z3.And(host, z3.BoolVal(self._policy.allow_host))
        return z3.And(z3.Not(self.terms.source(selector)), z3.Not(let_through))

    def forbidden(self) -> z3.BoolRef:
        """What must not be allowed; of `always` and `reachable`, nothing."""
        terms, claim = self.terms, self._claim
        match claim.kind:
            case AssertKind.NEVER:
                return self.pair()
            case AssertKind.ONLY:
                return z3.And(self.outside(claim.left), terms.destination(claim.right))
            case AssertKind.ISOLATED:
                incoming = z3.And(self.outside(claim.left), terms.destination(claim.left))
                outgoing = z3.And(terms.source(claim.left), z3.Not(terms.destination(claim.left)))
                return z3.Or(incoming, outgoing)
            case _:
                return z3.BoolVal(False)


def counterexample(policy: Policy, claim: Assert, seconds: float) -> Connection | str | None:
    """A connection that refutes an assert `never`, `always` or `isolated` without a request, of a policy
    without request parts; None if there is none, or why that is unknown.

    Unsatisfiable iff no connection is forbidden and allowed, or of `always` none of a pair is denied.
    """
    if claim.kind in (AssertKind.ONLY, AssertKind.REACHABLE):
        return "a solver is not asked about claims that something is allowed"
    if claim.request is not None or any(rule.l7 is not None for rule in policy.rules):
        return "a solver is not asked about requests"
    region = SolverRegion(policy, claim)
    allowed = region.terms.allowed()
    wrong = z3.And(region.forbidden(), allowed)
    if claim.kind is AssertKind.ALWAYS:
        wrong = z3.And(region.pair(), z3.Not(allowed))
    answer = solve.never(region.world, wrong, seconds=seconds)
    if isinstance(answer, solve.Holds):
        return None
    if isinstance(answer, solve.Unknown):
        return f"the solver gave up: {answer.why}"
    flow = region.terms.flow.flow(answer.model)
    return Connection(flow.subject, flow.peer, flow.family, flow.protocol, flow.port)
