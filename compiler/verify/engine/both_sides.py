"""Both sides of connections: whether some connection of a region is allowed, or denied."""

from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.model import Direction, Isolation, Policy, PortRange, Rule, Selector
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.boxes import TOO_MANY, Boxes, meet
from cpc.compiler.verify.engine.index import Index
from cpc.compiler.verify.engine.order import Order
from cpc.compiler.verify.engine.search import OutOfSteps, Search
from cpc.compiler.verify.engine.side import ANYWHERE, Seed, SideOrder
from cpc.compiler.verify.engine.space import PEER, SUBJECT, Box, Side, Space
from cpc.compiler.verify.findings import Statement
from cpc.compiler.verify.languages.common import common_request
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Matchers, RequestSpace

__all__ = ["BothSides", "Found", "World"]

_OTHER = {Direction.EGRESS: Direction.INGRESS, Direction.INGRESS: Direction.EGRESS}


class World(Protocol):
    """Who there is: the fields of connections, and the boxes of selectors in them.

    `managed` are the atoms of `SUBJECT` and `PEER` that have a side, `hosts` those of the local host.
    """

    @property
    def space(self) -> Space: ...
    @property
    def boxes(self) -> Boxes: ...
    @property
    def managed(self) -> int: ...
    @property
    def hosts(self) -> int: ...

    def turned(self, box: Box) -> Box: ...
    def sources(self, selector: Selector) -> Sequence[Box]: ...
    def destinations(self, selector: Selector) -> Sequence[Box]: ...
    def services(self, ports: Sequence[PortRange] | None) -> Sequence[Box]: ...
    def fits(self, cell: Box) -> bool: ...
    def connection(self, cell: Box) -> Connection: ...


class Found(Struct, frozen=True):
    """A part of a region, all of whose connections have a verdict, at least for `request`."""

    cell: Box
    request: Request


class BothSides:
    """The rules of a policy at both ends of the connections of a world.

    Only a managed end has a side. A search that takes until `deadline` (seconds of `monotonic`) ends with
    OutOfSteps: the answer is not known.
    """

    def __init__(self, policy: Policy, world: World) -> None:
        self.policy = policy = without_staged(policy)
        self.world = world
        self.deadline = float("inf")
        boxes = world.boxes
        audits = [b for a in policy.audits for b in boxes.selector(Side.SUBJECT, a.subject)]
        out = Order(policy, Direction.EGRESS, boxes)
        into = Order(policy, Direction.INGRESS, boxes)
        egress = SideOrder(out, audits, lambda box: box, 0, policy.mode)
        shift = len(egress.boxes)
        ingress = SideOrder(into, audits, world.turned, shift, policy.mode)
        self._sides = {Direction.EGRESS: egress, Direction.INGRESS: ingress}
        self._complex: tuple[Statement, ...] = (*out.complex, *into.complex)
        self._tangled = egress.tangled or ingress.tangled
        every = [*egress.boxes, *ingress.boxes]
        self._index = Index(world.space, every)
        self._search = Search(self._index, every)
        self._requests = RequestSpace()
        self._common: dict[tuple[Matchers, ...], Request | None | TooLarge] = {}
        full = world.space.full
        others = {at: full[at] & ~world.managed for at in (SUBJECT, PEER)}
        mine = world.managed
        self.decided: tuple[Box, ...] = tuple(
            case
            for case in (
                {SUBJECT: mine, PEER: mine},
                {SUBJECT: mine, PEER: others[PEER]},
                {SUBJECT: others[SUBJECT], PEER: mine},
            )
            if all(case.values())
        )
        """The connections that have a side."""

    @property
    def doubt(self) -> str:
        """Why what is not found may be there all the same; empty where it is not."""
        if self._complex:
            return f"the expressions of `{self._complex[0].origin.name}` {TOO_MANY}"
        if self._tangled:
            return "blocks of one priority have request parts that may have to match together"
        return ""

    def within(self, regions: Iterable[Box]) -> Iterator[Box]:
        """The parts of some regions that have a side and hold a connection."""
        for region in regions:
            for case in self.decided:
                cell = meet(region, case)
                if cell is not None and self.world.fits(cell):
                    yield cell

    def meeting(self, *cells: Box) -> Policy:
        """The policy of the statements that say something about a part of some cells; the others do not."""
        met = 0
        for cell in cells:
            met |= self._index.meeting(cell)
        kept = [s for side in self._sides.values() for s in side.statements(met)]
        rules = (s for s in (*kept, *self._complex) if isinstance(s, Rule))
        isolations = (s for s in (*kept, *self._complex) if isinstance(s, Isolation))
        return replace(
            self.policy,
            rules=tuple(sorted(rules, key=lambda rule: rule.key)),
            isolations=tuple(sorted(isolations, key=lambda i: i.origin.order)),
        )

    # --- searches ------------------------------------------------------------------------------

    def allowed(self, cell: Box, asked: Matchers | None = None) -> Found | None:
        """A part of a cell (as `within` has them) that both sides allow, at least for a request.

        None: they allow no request of those that are asked about (None: any, and opaque bytes).
        """
        first, second = sorted(Direction, key=lambda d: self._number(cell, d))
        for one in self._seeds(cell, first):
            part = meet(cell, one.box)
            if part is None or self._request(asked, one.requests) is None:
                continue
            for other in self._seeds(part, second):
                request = self._request(asked, one.requests, other.requests)
                both = meet(part, other.box)
                if request is None or both is None:
                    continue
                found = self._find(both, (one, other))
                if found is not None:
                    if isinstance(request, TooLarge):
                        raise OutOfSteps(str(request))
                    return Found(found, request)
        return None

    def parts_of(self, direction: Direction, number: int) -> Iterator[tuple[Box, Seed]]:
        """The parts of what a statement of a side matches in which it may decide, with a connection in each."""
        for seed in self._sides[direction].decided(number):
            for part in self.within([seed.box]):
                if self._has_side(part, direction):
                    yield part, seed

    def lone(self, part: Box, seed: Seed) -> Box | None:
        """A part in which a statement decides (`parts_of`)."""
        return self._find(part, (seed, ANYWHERE))

    def answered(self, part: Box, seed: Seed, direction: Direction) -> Box | None:
        """A part in which a statement of a side decides, and the other side allows some of it."""
        for other in self._seeds(part, _OTHER[direction]):
            both = meet(part, other.box)
            if both is not None and self._request(seed.requests, other.requests) is not None:
                found = self._find(both, (seed, other))
                if found is not None:
                    return found
        return None

    def statements(self, direction: Direction) -> Sequence[Statement]:
        """The statements of a side; a statement's number is its place."""
        return self._sides[direction].order.statements

    def denied(self, cell: Box, asked: Matchers | None = None) -> Found | None:
        """A part of a cell that a side denies, at least for a request of those that are asked about
        (None: for opaque bytes).
        """
        for direction in Direction:
            if not self._has_side(cell, direction):
                continue
            side = self._sides[direction]
            for seed in side.denying(self._index.meeting(cell), asked, self._requests):
                part = meet(cell, seed.box)
                found = None if part is None else self._denied(part, seed)
                if found is not None:
                    return found
        return None

    def _denied(self, part: Box, seed: Seed) -> Found | None:
        shown: list[Request] = []

        def good(must: int) -> bool:
            request = seed.denied(must) if seed.good(must) else None
            if request is not None:
                shown.append(request)
            return request is not None

        self._in_time()
        cell = self._search.find(part, seed.relevant, good, seed.hopeless, self.world.fits)
        return None if cell is None else Found(cell, shown[-1])

    def _has_side(self, cell: Box, direction: Direction) -> bool:
        at = SUBJECT if direction is Direction.EGRESS else PEER
        return bool(cell[at] & self.world.managed)

    def _number(self, cell: Box, direction: Direction) -> int:
        """How many boxes a side may allow something in."""
        if not self._has_side(cell, direction):
            return 0
        return self._sides[direction].number_allowing(self._index.meeting(cell))

    def _seeds(self, cell: Box, direction: Direction) -> Iterator[Seed]:
        if not self._has_side(cell, direction):
            return iter((ANYWHERE,))
        return self._sides[direction].allowing(self._index.meeting(cell))

    def _find(self, cell: Box, seeds: Sequence[Seed]) -> Box | None:
        one, other = seeds
        self._in_time()
        return self._search.find(
            cell,
            one.relevant | other.relevant,
            lambda must: one.good(must) and other.good(must),
            lambda must: one.hopeless(must) or other.hopeless(must),
            self.world.fits,
        )

    def _in_time(self) -> None:
        if monotonic() > self.deadline:
            raise OutOfSteps("its time is over")

    def _request(self, *groups: Matchers | None) -> Request | None | TooLarge:
        """A request that each group matches; opaque bytes where there is none."""
        asked = tuple(dict.fromkeys(g for g in groups if g is not None))
        if not asked:
            return OPAQUE
        if asked not in self._common:
            self._common[asked] = common_request(asked)
        return self._common[asked]
