"""All the work that `cpc test` does: cases, rule coverage and mutation score in the one world they need."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from cpc.compiler.policy.claims import Test, TestCase
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.testing.cases import Cases, Status, TestResult, run_tests
from cpc.compiler.verify.testing.deciders import Coverage, coverage
from cpc.compiler.verify.testing.known_world import KnownWorld
from cpc.compiler.verify.testing.mutants import Mutant, mutants
from cpc.compiler.verify.testing.open_world import OpenWorld
from cpc.compiler.verify.testing.score import Score, score
from cpc.compiler.verify.testing.worlds import World

__all__ = ["MOST_MUTANTS", "TestRun", "test_policy"]

B = TypeVar("B")

MOST_MUTANTS = 1000
"""Mutants that are tried; of more, so many, spread evenly."""


class TestRun(Struct, frozen=True):
    """What was found out. `score` is None too where a test does not hold: then nothing is noticed."""

    tests: tuple[TestResult, ...]
    coverage: Coverage | None
    score: Score | None

    def number(self, status: Status) -> int:
        """How many tests have a status."""
        return sum(test.status is status for test in self.tests)


def test_policy(
    policy: Policy,
    tests: Sequence[Test],
    inventory: Inventory | None,
    *,
    covering: bool = False,
    mutating: bool = False,
) -> TestRun:
    """Runs tests in the open world, or in that of an inventory; covers and mutates where that is asked."""
    cases = [case for test in tests for case in test.cases]
    every = list(mutants(policy)) if mutating else []
    step = max(1, -(-len(every) // MOST_MUTANTS))
    tried = every[::step]
    policies = [policy, *(mutant.policy for mutant in tried)]
    if inventory is None:
        open_world = OpenWorld(policies, cases)
        return _run(open_world, policy, tests, cases, covering, mutating, tried, len(every))
    known = KnownWorld(inventory, policies, cases)
    return _run(known, policy, tests, cases, covering, mutating, tried, len(every))


def _run(
    world: World[B],
    policy: Policy,
    tests: Sequence[Test],
    cases: Sequence[TestCase],
    covering: bool,
    mutating: bool,
    tried: Sequence[Mutant],
    total: int,
) -> TestRun:
    asked = Cases(world, policy)
    results = run_tests(asked, tests)
    covered = coverage(asked, policy, cases) if covering else None
    held = [case for result in results for case in result.cases]
    scored = None
    if mutating and all(case.status is Status.HOLDS for case in held):
        scored = score(world, policy, held, tried, total)
    return TestRun(results, covered, scored)
