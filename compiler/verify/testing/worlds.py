"""Worlds: all the connections that there can be, as terms of one algebra, so that a case is asked once for all."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection, name_of
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Direction, Matcher, Policy
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.policy.semantics import (
    Algebra,
    Decision,
    Reading,
    Verdict,
    decide_terms,
    project_terms,
)

__all__ = ["Found", "Sides", "Undecided", "World", "sides_of", "sides_where"]

B = TypeVar("B")

Terms: TypeAlias = Sequence[tuple[B, Decision]]
"""Exclusive guards, together true, each with what it decides."""


class Undecided(Struct, frozen=True):
    """It could not be told, for this reason."""

    why: str


Found: TypeAlias = Connection | Undecided | None


class World(Protocol[B]):
    """All connections of which the ends are two."""

    @property
    def algebra(self) -> Algebra[B]: ...

    def side(self, direction: Direction, matched: Callable[[Matcher], B]) -> Reading[B]:
        """Every connection as one of its sides reads it; `matched` says which requests are on it."""
        ...

    def about(self, case: TestCase) -> B:
        """The connections that a case is about."""
        ...

    def find(self, connections: B) -> Found:
        """One of a set of connections; None where it is empty."""
        ...

    def plain(self, connection: Connection, shows: Callable[[Connection], bool]) -> Connection:
        """A plainer connection that still shows the point, where the world has one."""
        ...

    def requests(self, matchers: Sequence[Matcher]) -> Iterator[Callable[[Matcher], B]]:
        """Readings of requests that together hold every request that there can be, and maybe others.

        None at all where they would be too many.
        """
        ...


class Sides(Struct, Generic[B], frozen=True):
    """What both sides decide about every connection, in some algebra."""

    egress: Terms[B]
    ingress: Terms[B]

    def verdict(self, alg: Algebra[B], verdict: Verdict) -> B:
        """The connections with a verdict: as `Outcome.verdict` has it."""

        def of(terms: Terms[B], *verdicts: Verdict) -> B:
            return alg.some(guard for guard, d in terms if d.verdict in verdicts)

        denied = alg.some([of(self.egress, Verdict.DENY), of(self.ingress, Verdict.DENY)])
        if verdict is Verdict.DENY:
            return denied
        redirected = alg.some(
            [of(self.egress, Verdict.REDIRECT), of(self.ingress, Verdict.REDIRECT)]
        )
        wanted = redirected if verdict is Verdict.REDIRECT else alg.negate(redirected)
        return alg.every([alg.negate(denied), wanted])

    def named(self, alg: Algebra[B], verdict: Verdict, name: str) -> B:
        """The connections where a side with the verdict is decided by a statement of this name."""
        return alg.some(
            guard
            for terms in (self.egress, self.ingress)
            for guard, decision in terms
            if decision.verdict is verdict and name_of(decision) == name
        )

    def holds(self, alg: Algebra[B], case: TestCase) -> B:
        """The connections for which a case's claim holds."""
        found = self.verdict(alg, case.verdict)
        if case.by is None:
            return found
        return alg.every([found, self.named(alg, case.verdict, case.by)])


def sides_of(world: World[B], policy: Policy, request: Request | None) -> Sides[B]:
    """What a policy decides about every connection of a world, or about one request on each.

    As `decide` does it: without a request, over all of them.
    """
    alg = world.algebra
    if request is not None:
        return sides_where(world, policy, lambda m: alg.const(request_matches(m, request)))
    if all(rule.l7 is None for rule in policy.rules):
        return sides_where(world, policy, lambda _: alg.const(False))

    def projected(direction: Direction) -> Terms[B]:
        nothing = world.side(direction, lambda _: alg.const(False))
        return project_terms(alg, policy, nothing, world.side(direction, lambda _: alg.const(True)))

    return Sides(projected(Direction.EGRESS), projected(Direction.INGRESS))


def sides_where(world: World[B], policy: Policy, matched: Callable[[Matcher], B]) -> Sides[B]:
    """What a policy decides about requests of which it is said what matches them."""
    alg = world.algebra
    return Sides(
        decide_terms(alg, policy, world.side(Direction.EGRESS, matched)),
        decide_terms(alg, policy, world.side(Direction.INGRESS, matched)),
    )
