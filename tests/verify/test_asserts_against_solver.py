"""Asserts about random policies, each answer held against z3."""

import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.model import Direction, Entity, Mode, Policy, PortRange, Selector
from cpc.compiler.verify.asserts import Judgement, Proved, Refuted, judge
from cpc.compiler.verify.encode_connection import SolverConnections
from tests.policy.strategies import Shape, origin, policies, port_edges
from tests.policy.term_strategies import port_lists, selectors

SHAPE = Shape(rules=5, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS, Mode.NEVER))


@st.composite
def claims(draw: st.DrawFn, policy: Policy) -> Assert:
    """Any assert, often about those that a rule of the policy is about."""
    kind = draw(st.sampled_from(AssertKind))
    left, right, ports = draw(selectors()), draw(selectors()), draw(port_lists)
    near: bool = draw(st.booleans())
    if near and policy.rules:
        rule = draw(st.sampled_from(policy.rules))
        ends = (rule.subject, rule.peers)
        left, right = ends if rule.direction is Direction.EGRESS else ends[::-1]
        ports = draw(st.sampled_from((ports, rule.ports)))
    right = () if kind is AssertKind.ISOLATED else right
    return Assert(kind, left, right, ports, None, origin(99))


class Oracle(Struct, frozen=True):
    """What z3 says about one assert."""

    policy: Policy
    claim: Assert
    terms: SolverConnections

    def possible(self, *conditions: z3.BoolRef) -> bool:
        solver = z3.Solver()
        solver.add(self.terms.world, self.terms.asks(self.claim.ports), *conditions)
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def pair(self) -> z3.BoolRef:
        terms, claim = self.terms, self.claim
        return z3.And(terms.source(claim.left), terms.destination(claim.right))

    def outside(self, selector: Selector) -> z3.BoolRef:
        """The source is outside, and not the local host that is let through."""
        host = self.terms.flow.subject.entity(Entity.HOST)
        let_through = z3.And(host, z3.BoolVal(self.policy.allow_host))
        return z3.And(z3.Not(self.terms.source(selector)), z3.Not(let_through))

    def region(self) -> z3.BoolRef:
        """The connections that must not be allowed, where there are such."""
        terms, claim = self.terms, self.claim
        match claim.kind:
            case AssertKind.NEVER:
                return self.pair()
            case AssertKind.ISOLATED:
                incoming = z3.And(self.outside(claim.left), terms.destination(claim.left))
                outgoing = z3.And(terms.source(claim.left), z3.Not(terms.destination(claim.left)))
                return z3.Or(incoming, outgoing)
            case _:
                return z3.And(self.outside(claim.left), terms.destination(claim.right))

    def vacuous(self) -> bool:
        claim = self.claim
        if claim.kind is AssertKind.ISOLATED:
            return not self.possible(self.region())
        if not self.possible(self.pair()):
            return True
        return claim.kind is AssertKind.ONLY and not self.possible(self.region())

    def holds(self) -> bool:
        allowed = self.terms.allowed()
        match self.claim.kind:
            case AssertKind.NEVER | AssertKind.ISOLATED:
                return not self.possible(self.region(), allowed)
            case AssertKind.ALWAYS:
                return not self.possible(self.pair(), z3.Not(allowed))
            case AssertKind.ONLY:
                none = not self.possible(self.region(), allowed)
                return none and self.possible(self.pair(), allowed)
            case AssertKind.REACHABLE:
                return not self.possible(self.pair(), *self.barred(allowed))

    def barred(self, allowed: z3.BoolRef) -> list[z3.BoolRef]:
        """Of each service that something tells from others, it is not allowed."""
        flow, claim = self.terms.flow, self.claim
        wanted = z3.And(flow.possible(), self.terms.asks(claim.ports), allowed)
        ports = {*(claim.ports or ()), PortRange(6), PortRange(47)}
        ports |= {p for rule in self.policy.rules for p in rule.ports or ()}
        services = {(p.protocol, n) for p in ports for n in (p.low - 1, p.low, p.high, p.high + 1)}
        services |= {(p.protocol, 0) for p in ports} | set(port_edges(self.policy.rules))
        return [
            z3.Not(
                z3.substitute(
                    wanted,
                    (flow.protocol, z3.BitVecVal(protocol, 8)),
                    (flow.port, z3.BitVecVal(port, 16)),
                )
            )
            for protocol, port in sorted(services)
            if 0 <= port <= 65535
        ]


def only(policy: Policy, claim: Assert) -> Judgement:
    (judgement,) = judge(policy, [claim])
    return judgement


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_answers_are_those_of_the_solver(data: st.DataObject) -> None:
    policy = data.draw(policies(SHAPE))
    claim = data.draw(claims(policy))
    answer = only(policy, claim).answer
    oracle = Oracle(policy, claim, SolverConnections(policy, claim.left, claim.right))
    vacuous = oracle.vacuous()
    match answer:
        case Proved(why):
            assert bool(why) == vacuous, why
            assert vacuous or oracle.holds()
        case Refuted():
            assert not vacuous
            assert not oracle.holds()
        case _:
            raise AssertionError(answer)
