"""Whether asserts hold: proved, refuted by a connection, or unknown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import TypeAlias, assert_never

from msgspec import Struct

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.connections import Connection, Outcome, decide_connection
from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.claim_regions import Regions, regions_of
from cpc.compiler.verify.engine.both_sides import BothSides, Found, World
from cpc.compiler.verify.engine.boxes import TOO_MANY, Boxes, TooManyBoxes, meet
from cpc.compiler.verify.engine.cells import apart
from cpc.compiler.verify.engine.connection_space import ConnectionSpace, OpenConnections
from cpc.compiler.verify.engine.known_connections import known_connections
from cpc.compiler.verify.engine.mentioned import Mentioned
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.space import SERVICE, Box, Side
from cpc.compiler.verify.languages.common import common_request
from cpc.compiler.verify.languages.requests import Matchers

__all__ = [
    "SECONDS",
    "Answer",
    "Evidence",
    "Judgement",
    "Proved",
    "Refuted",
    "Unknown",
    "judge",
]

SECONDS = 20.0
"""How long one assert may take."""


class Evidence(Struct, frozen=True):
    """A connection, perhaps one request on it, and what both sides decide; `decide` said so."""

    connection: Connection
    request: Request | None
    outcome: Outcome


class Proved(Struct, frozen=True):
    """The assert holds. `vacuous` says why it says nothing; empty where it says something."""

    vacuous: str = ""


class Refuted(Struct, frozen=True):
    """The evidence is allowed where it must not be, or denied where it must not be.

    `every`: no connection at all is allowed of those that the assert wants some of; of `reachable`, between
    the two of the evidence.
    """

    evidence: Evidence
    every: bool = False


class Unknown(Struct, frozen=True):
    """Nothing is claimed, for this reason."""

    why: str


Answer: TypeAlias = Proved | Refuted | Unknown


class Judgement(Struct, frozen=True):
    """An assert, what became of it, and the seconds that it took."""

    claim: Assert
    answer: Answer
    seconds: float


def judge(
    policy: Policy,
    claims: Sequence[Assert],
    seconds: float = SECONDS,
    inventory: Inventory | None = None,
) -> Iterator[Judgement]:
    """What becomes of each assert, in their order; each may take so many seconds.

    Exact, over every connection that there can be whose source or destination is an endpoint of ours: both
    sides decide. An endpoint's connection to itself is none, and for `only` and `isolated` the local host is
    not outside where it is let through in any case. Under an inventory, about those who are there, and
    external addresses.
    """
    if not claims:
        return
    try:
        sides = BothSides(policy, _world(policy, claims, inventory))
    except TooManyBoxes:
        yield from (Judgement(c, Unknown(_TOO_MANY), 0.0) for c in claims)
        return
    for claim in claims:
        start = monotonic()
        sides.deadline = start + seconds
        answer = _Judge(policy, sides, claim, inventory is None).answer()
        yield Judgement(claim, answer, monotonic() - start)


_MOST_REPLAYED = 500
"""Rules that `decide` reads for each piece of evidence."""

_TOO_MANY = f"its expressions {TOO_MANY}"


def _world(policy: Policy, claims: Sequence[Assert], inventory: Inventory | None) -> World:
    if inventory is not None:
        selectors = [selector for c in claims for selector in (c.left, c.right)]
        ports = [p for claim in claims for p in claim.ports or ()]
        return known_connections(policy, inventory, selectors, ports)
    said = Mentioned()
    said.policy(policy)
    for claim in claims:
        said.selector(Side.SUBJECT, claim.left)
        said.selector(Side.PEER, claim.right)
        said.ports.update(claim.ports or ())
    space = ConnectionSpace(said)
    return OpenConnections(space, Boxes(space, policy))


class _Judge:
    """One assert. Requests are asked about as `_asked`; None: without one."""

    def __init__(self, policy: Policy, sides: BothSides, claim: Assert, opened: bool) -> None:
        self._policy = policy
        self._open = opened
        self._sides = sides
        self._claim = claim
        self._asked: Matchers | None = None if claim.request is None else claim.request.matchers

    def answer(self) -> Answer:
        try:
            regions = regions_of(self._claim, self._policy, self._sides)
            nobody = regions.nobody or self._no_request()
            if nobody:
                return Proved(nobody)
        except TooManyBoxes:
            return Unknown(_TOO_MANY)
        try:
            answer = self._answer(regions)
        except OutOfSteps as stopped:
            return self._solved(regions, str(stopped) or "the search for an answer was stopped")
        doubt = self._sides.doubt if isinstance(answer, Proved) else ""
        return self._solved(regions, doubt) if doubt else answer

    def _solved(self, regions: Regions, why: str) -> Answer:
        """What z3 says in the time that is left, of the statements that meet the regions."""
        left = self._sides.deadline - monotonic()
        if not self._open or left <= 0:
            return Unknown(why)
        from cpc.compiler.verify.assert_solver import counterexample

        near = self._sides.meeting(*regions.inside, *regions.outside)
        found = counterexample(near, self._claim, left)
        match found:
            case None:
                return Proved()
            case str():
                return Unknown(f"{why}; {found}")
            case Connection():
                verdict = Verdict.DENY if self._claim.kind is AssertKind.ALWAYS else Verdict.ALLOW
                return Refuted(self._replayed(found, OPAQUE, verdict, near))
            case _:
                assert_never(found)

    def _no_request(self) -> str:
        if self._asked is not None and common_request((self._asked,)) is None:
            return "there is no such request"
        return ""

    def _answer(self, regions: Regions) -> Answer:
        match self._claim.kind:
            case AssertKind.NEVER:
                return self._none_allowed(regions.inside)
            case AssertKind.ISOLATED:
                return self._none_allowed(regions.outside)
            case AssertKind.ALWAYS:
                return self._none_denied(regions.inside)
            case AssertKind.ONLY:
                return self._only(regions)
            case AssertKind.REACHABLE:
                return self._reachable(regions.inside)
            case _:
                assert_never(self._claim.kind)

    def _none_allowed(self, region: Sequence[Box]) -> Answer:
        """Refuted iff some connection of a region, or some request on it, is allowed."""
        found = self._first(region, self._sides.allowed)
        return Proved() if found is None else Refuted(self._evidence(found, Verdict.ALLOW))

    def _none_denied(self, region: Sequence[Box]) -> Answer:
        """Refuted iff some connection of a region, or some request on it, is denied."""
        found = self._first(region, self._sides.denied)
        return Proved() if found is None else Refuted(self._evidence(found, Verdict.DENY))

    def _only(self, regions: Regions) -> Answer:
        """Proved iff nothing is allowed from outside, and something from inside."""
        answer = self._none_allowed(regions.outside)
        if not isinstance(answer, Proved):
            return answer
        if self._first(regions.inside, self._sides.allowed) is not None:
            return answer
        if self._sides.doubt:
            return Unknown(self._sides.doubt)
        return Refuted(self._denied_at(regions.inside[0]), every=True)

    def _reachable(self, region: Sequence[Box]) -> Answer:
        """Refuted iff two ends of a region have no connection that is allowed.

        What is found to be allowed, is so for all pairs of its cell: they are done.
        """
        left = [{at: m for at, m in box.items() if at != SERVICE} for box in region]
        services = [{SERVICE: box[SERVICE]} if SERVICE in box else {} for box in region]
        whole = list(zip(left, services, strict=True))
        pairs = list(left)
        while pairs:
            cell = pairs.pop()
            if not self._sides.world.fits(cell):
                continue
            found = self._reached(cell, whole)
            if found is None:
                if self._sides.doubt:
                    return Unknown(self._sides.doubt)
                return Refuted(self._barred(cell, whole), every=True)
            ends = {at: mask for at, mask in found.cell.items() if at != SERVICE}
            pairs += apart(cell, ends, self._sides.world.space)[0]
        return Proved()

    def _reached(self, cell: Box, whole: Iterable[tuple[Box, Box]]) -> Found | None:
        """Some connection of these pairs that is allowed."""
        return self._first(_inside(cell, whole), self._sides.allowed)

    def _barred(self, cell: Box, whole: Iterable[tuple[Box, Box]]) -> Evidence:
        return self._denied_at(next(iter(_inside(cell, whole))))

    # --- evidence ------------------------------------------------------------------------------

    def _first(
        self, region: Iterable[Box], search: Callable[[Box, Matchers | None], Found | None]
    ) -> Found | None:
        for cell in region:
            found = search(cell, self._asked)
            if found is not None:
                return found
        return None

    def _denied_at(self, cell: Box) -> Evidence:
        """A connection of a cell in which nothing is allowed."""
        request = OPAQUE if self._asked is None else common_request((self._asked,))
        assert isinstance(request, Request)
        return self._evidence(Found(cell, request), Verdict.DENY)

    def _evidence(self, found: Found, wanted: Verdict) -> Evidence:
        """What was found, after `decide` said the same. InternalError.

        Of a large policy, `decide` is given the statements that meet the cell.
        """
        connection = self._sides.world.connection(found.cell)
        large = len(self._policy.rules) > _MOST_REPLAYED
        policy = self._sides.meeting(found.cell) if large else self._policy
        return self._replayed(connection, found.request, wanted, policy)

    def _replayed(
        self, connection: Connection, request: Request, wanted: Verdict, policy: Policy
    ) -> Evidence:
        outcome = decide_connection(policy, connection, request)
        if outcome.verdict is not wanted and self._sides.doubt:
            raise OutOfSteps("what was found does not show it")
        if outcome.verdict is not wanted:
            raise InternalError(f"the verdict on {connection} {request} is not {wanted}")
        flows = request is OPAQUE and self._asked is None
        return Evidence(connection, None if flows else request, outcome)


def _inside(cell: Box, whole: Iterable[tuple[Box, Box]]) -> Iterator[Box]:
    """The connections of some pairs, for the services of each region that they are in."""
    for pairs, services in whole:
        met = meet(cell, pairs)
        if met is not None:
            yield {**met, **services}
