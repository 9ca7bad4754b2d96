"""What a policy says about itself: asserts and tests, resolved; kept for later stages."""

from enum import StrEnum

from msgspec import Struct

from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import L7Match, Origin, PortRange, Selector
from cpc.compiler.policy.semantics import Verdict

__all__ = ["BY_DEFAULT", "Assert", "AssertKind", "Test", "TestCase"]

BY_DEFAULT = "default"
"""What a test case says instead of a rule's name when a default deny decides."""


class AssertKind(StrEnum):
    """never: no flow is allowed; always: every flow of every pair; only: none from outside the left
    side and some from it; reachable: for every pair some flow; isolated: no peer outside the left side.
    """

    NEVER = "never"
    ALWAYS = "always"
    ONLY = "only"
    REACHABLE = "reachable"
    ISOLATED = "isolated"


class Assert(Struct, frozen=True):
    """A claim about flows from `left` to `right` (empty for isolated).

    `ports` None: every protocol. `request` None: flows; else the requests that its one matcher matches.
    """

    kind: AssertKind
    left: Selector
    right: Selector
    ports: tuple[PortRange, ...] | None
    request: L7Match | None
    origin: Origin


class TestCase(Struct, frozen=True):
    """One connection and what both sides together decide about it.

    `by` is a rule's name, `BY_DEFAULT`, or None where the test does not say. `origin` is its place.
    """

    left: Selector
    right: Selector
    ports: tuple[PortRange, ...] | None
    request: Request | None
    verdict: Verdict
    by: str | None
    origin: Origin


class Test(Struct, frozen=True):
    """`test "name" { cases }`; at least one case."""

    name: str
    cases: tuple[TestCase, ...]
    origin: Origin
