"""One direction of a policy, ready to be asked: its order, its index, its search."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, Request
from cpc.compiler.policy.model import Direction, Isolation, L7Match, Policy, Rule
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.policy.semantics import Decision
from cpc.compiler.verify.engine.boxes import Boxes
from cpc.compiler.verify.engine.index import Index, Point, atoms
from cpc.compiler.verify.engine.order import HOST, Order, Outcome
from cpc.compiler.verify.engine.points import Points
from cpc.compiler.verify.engine.search import Search
from cpc.compiler.verify.engine.space import Box, Space
from cpc.compiler.verify.findings import Statement

__all__ = ["Grid", "Place"]


class Place(Struct, frozen=True):
    """A point, and a request there."""

    point: Point
    request: Request = OPAQUE

    def seen_by(self, part: L7Match) -> bool:
        """Whether a request part matches the request."""
        return any(request_matches(m, self.request) for m in part.matchers)


class Grid:
    """The statements of one direction over a space: of everyone that there can be."""

    def __init__(
        self, policy: Policy, direction: Direction, space: Space, boxes: Boxes | None = None
    ) -> None:
        """`boxes`: how selectors are boxes, if not as in the open world."""
        self.policy = policy
        self.direction = direction
        self.boxes = boxes or Boxes(space, policy)
        self.order = Order(policy, direction, self.boxes)
        self.index = Index(space, self.order.boxes)
        self.search = Search(self.index, self.order.boxes)
        self.points = Points(space, direction)
        self._meeting: dict[int, int] = {}

    # --- what statements do --------------------------------------------------------------------

    def acts(self, number: int, outcome: Outcome) -> bool:
        """Whether the statement is the one that decides, or whose `pass` ends its tier."""
        return outcome.decider == number or number in outcome.passed

    def boxes_of(self, number: int) -> Sequence[Box]:
        """The boxes of a statement."""
        return self.order.boxes_of(number)

    def meeting(self, number: int) -> int:
        """The boxes that share a point with some of a statement's."""
        found = self._meeting.get(number)
        if found is None:
            found = 0
            for box in self.boxes_of(number):
                found |= self.index.meeting(box)
            self._meeting[number] = found
        return found

    def owners(self, mask: int) -> list[int]:
        """The statements that have boxes in a mask, in their order; never the local host's."""
        found = dict.fromkeys(self.order.owner[n] for n in atoms(mask))
        return sorted(n for n in found if n != HOST)

    def statement(self, number: int) -> Statement:
        """A statement by its number."""
        return self.order.statements[number]

    # --- who there is --------------------------------------------------------------------------

    def fits(self, cell: Box) -> bool:
        """Whether a cell has a point that can be."""
        return True

    def has(self, point: Point) -> bool:
        """Whether a point can be."""
        return True

    def point(self, cell: Box) -> Point:
        """A point of a cell that fits."""
        return self.search.point(cell)

    # --- witnesses -----------------------------------------------------------------------------

    def flow(self, point: Point) -> Flow:
        """A point as a flow."""
        return self.points.flow(point)

    def replay(self, flow: Flow, place: Place) -> Decision:
        """What `decide` says about a witness, by the statements that match at its place.

        InternalError where it is not what the engine says: such a witness is never shown.
        """
        mask = self.index.at(place.point)
        for number in self.owners(mask & self.order.requests):
            rule = self.statement(number)
            if not (isinstance(rule, Rule) and rule.l7 is not None and place.seen_by(rule.l7)):
                mask &= ~self.order.bits[number]
        outcome = self.order.decide(mask)
        decider = outcome.decider
        said = decide(self.only(self.order.until(mask, decider)), flow, place.request)
        named = self.statement(decider).origin if decider >= 0 else None
        if said.rule != named or (said.verdict == "allow") is not outcome.allowed:
            raise InternalError(f"a witness is decided by {said.rule}, not by {named}: {flow}")
        return said

    def only(self, mask: int) -> Policy:
        """The policy of the statements with boxes in a mask; requirements are among their boxes."""
        kept = [self.statement(n) for n in self.owners(mask)]
        return replace(
            self.policy,
            rules=tuple(
                sorted((s for s in kept if isinstance(s, Rule)), key=lambda rule: rule.key)
            ),
            isolations=tuple(s for s in kept if isinstance(s, Isolation)),
            audits=(),
        )
