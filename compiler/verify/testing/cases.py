"""Whether test cases hold: for every connection that a case is about, with a plain one that shows it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.claims import Test, TestCase
from cpc.compiler.policy.connections import Connection, Outcome, decide_connection
from cpc.compiler.policy.decide import FlowReading, party_selected
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.verify.testing.worlds import Found, Sides, Undecided, World, sides_of

__all__ = ["CaseResult", "Cases", "Status", "TestResult", "is_about", "run_tests", "satisfied"]

B = TypeVar("B")


class Status(StrEnum):
    """What became of a case: it holds, it does not, it is about nobody, or it could not be told."""

    HOLDS = "holds"
    FAILS = "fails"
    NOBODY = "nobody"
    UNDECIDED = "undecided"


class CaseResult(Struct, frozen=True):
    """One case, with a connection that shows its status and what both sides decide about that.

    `connection` is one for which the case fails, or one of those for which it holds; None where there is
    none. `why` says why a case is undecided.
    """

    case: TestCase
    status: Status
    connection: Connection | None = None
    outcome: Outcome | None = None
    why: str = ""


class TestResult(Struct, frozen=True):
    """A test with the results of its cases, in their order."""

    test: Test
    cases: tuple[CaseResult, ...]

    @property
    def status(self) -> Status:
        """The worst of its cases."""
        order = (Status.FAILS, Status.NOBODY, Status.UNDECIDED, Status.HOLDS)
        return min((case.status for case in self.cases), key=order.index, default=Status.HOLDS)


class Cases(Generic[B]):
    """Asks cases about one policy in one world; what both sides decide is worked out once a request."""

    def __init__(self, world: World[B], policy: Policy) -> None:
        self.world = world
        self._policy = policy
        self._sides: dict[Request | None, Sides[B]] = {}

    def sides(self, request: Request | None) -> Sides[B]:
        """What both sides decide about every connection."""
        if request not in self._sides:
            self._sides[request] = sides_of(self.world, self._policy, request)
        return self._sides[request]

    def refute(self, case: TestCase) -> Found:
        """A connection that a case is about and for which it does not hold; None if it holds for all."""
        alg = self.world.algebra
        holds = self.sides(case.request).holds(alg, case)
        return self.world.find(alg.every([self.world.about(case), alg.negate(holds)]))

    def check(self, case: TestCase) -> CaseResult:
        """What becomes of a case; each connection is replayed by `decide`."""
        against = self.refute(case)
        if against is None:
            example = self.world.find(self.world.about(case))
            if example is None:
                return CaseResult(case, Status.NOBODY)
            return self._shown(case, Status.HOLDS, example)
        return self._shown(case, Status.FAILS, against)

    def _shown(self, case: TestCase, status: Status, found: Connection | Undecided) -> CaseResult:
        if isinstance(found, Undecided):
            return CaseResult(case, Status.UNDECIDED, why=found.why)

        def shows(connection: Connection) -> bool:
            holds = satisfied(self._policy, case, connection)
            return is_about(case, connection) and holds is (status is Status.HOLDS)

        if not shows(found):
            raise InternalError("a test's connection is decided otherwise when replayed")
        plain = self.world.plain(found, shows)
        return CaseResult(case, status, plain, decide_connection(self._policy, plain, case.request))


def satisfied(policy: Policy, case: TestCase, connection: Connection) -> bool:
    """Whether a case's claim holds for one connection."""
    outcome = decide_connection(policy, connection, case.request)
    return outcome.verdict is case.verdict and (case.by is None or case.by in outcome.names)


def is_about(case: TestCase, connection: Connection) -> bool:
    """Whether a case is about a connection."""
    asked = FlowReading(connection.flow(Direction.EGRESS))
    return (
        party_selected(connection.client, case.left)
        and party_selected(connection.server, case.right)
        and (case.ports is None or any(map(asked.port_in, case.ports)))
    )


def run_tests(asked: Cases[B], tests: Iterable[Test]) -> tuple[TestResult, ...]:
    """The results of all tests, in their order."""
    return tuple(TestResult(test, tuple(map(asked.check, test.cases))) for test in tests)
