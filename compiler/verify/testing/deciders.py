"""Rule coverage: the statements that decide some connection of some test case."""

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from msgspec import Struct

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import decide_connection
from cpc.compiler.policy.model import Action, Direction, Isolation, Origin, Policy, Rule
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.testing.cases import Cases
from cpc.compiler.verify.testing.worlds import Undecided

__all__ = ["Coverage", "Half", "coverage"]

B = TypeVar("B")

Half: TypeAlias = tuple[Origin, Direction]
"""A statement in one direction."""


class Coverage(Struct, frozen=True):
    """The halves of enforced statements that can decide, in the order of rules, and the cases they decide.

    A `pass` decides nothing and is not among them. `undecided`: some cases could not be told, and may
    reach more.
    """

    halves: tuple[tuple[Rule | Isolation, tuple[TestCase, ...]], ...]
    undecided: bool

    @property
    def covered(self) -> int:
        """How many halves decide some case."""
        return sum(bool(cases) for _, cases in self.halves)


def coverage(asked: Cases[B], policy: Policy, cases: Iterable[TestCase]) -> Coverage:
    """Which statements decide a connection of a case, on a side that makes its verdict."""
    decided: dict[Half, list[TestCase]] = {}
    undecided = False
    for case in cases:
        halves, told = _deciders(asked, policy, case)
        undecided = undecided or not told
        for half in halves:
            decided.setdefault(half, []).append(case)
    statements: list[Rule | Isolation] = [
        rule for rule in policy.rules if not rule.staged and rule.action is not Action.PASS
    ]
    statements += [isolation for isolation in policy.isolations if not isolation.staged]
    found: dict[Half, tuple[Rule | Isolation, tuple[TestCase, ...]]] = {}
    for statement in statements:
        half = (statement.origin, statement.direction)
        found.setdefault(half, (statement, tuple(decided.get(half, ()))))
    return Coverage(tuple(found.values()), undecided)


def _deciders(asked: Cases[B], policy: Policy, case: TestCase) -> tuple[set[Half], bool]:
    """The halves that decide some connection of a case, and whether these are surely all."""
    world, alg = asked.world, asked.world.algebra
    sides = asked.sides(case.request)
    about = world.about(case)
    verdicts = {v: alg.every([about, sides.verdict(alg, v)]) for v in Verdict}
    both = ((Direction.EGRESS, sides.egress), (Direction.INGRESS, sides.ingress))
    deciding = [
        ((decision.rule, direction), alg.every([verdicts[decision.verdict], guard]))
        for direction, terms in both
        for guard, decision in terms
        if decision.rule is not None
    ]
    found: set[Half] = set()
    while True:
        connection = world.find(alg.some(some for half, some in deciding if half not in found))
        if connection is None:
            return found, True
        if isinstance(connection, Undecided):
            return found, False
        outcome = decide_connection(policy, connection, case.request)
        for direction, decision in (
            (Direction.EGRESS, outcome.egress),
            (Direction.INGRESS, outcome.ingress),
        ):
            if decision.rule is not None and decision.verdict is outcome.verdict:
                found.add((decision.rule, direction))
