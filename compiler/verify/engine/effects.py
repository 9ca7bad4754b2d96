"""What a statement does by itself: whether it decides anything, and whether it is needed."""

from collections.abc import Callable, Iterator

from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.model import Action, Rule, Tier
from cpc.compiler.verify.engine.boxes import product
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.index import Point, lowest
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.space import Box
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Covered, Matchers, RequestSpace

__all__ = ["Effects"]

_ANYWHERE: Box = {}

_ISOLATIONS = 2
"""Isolations of a rule's subjects inside which a point is looked for."""


class Effects:
    """Answers about the statements of one grid.

    `removed` are boxes of rules that are taken for gone: those that were found to have no effect. A rule
    without a request part is asked about opaque bytes: wherever it decides a request, it decides them.
    """

    def __init__(self, grid: Grid, requests: RequestSpace) -> None:
        self._grid = grid
        self._requests = requests
        self.removed = 0
        self.instead: set[int] = set()

    def matchers(self, number: int) -> Matchers | None:
        """The matchers of a statement's request part; None where it has none."""
        statement = self._grid.statement(number)
        if isinstance(statement, Rule) and statement.l7 is not None:
            return statement.l7.matchers
        return None

    # --- a greedy look -------------------------------------------------------------------------

    def plainly_needed(self, number: int) -> bool:
        """Whether an allow, inside an isolation, meets nothing that comes before it or would allow without it.

        A quick look, which most allows pass: the others may be needed all the same.
        """
        grid, order = self._grid, self._grid.order
        near = grid.meeting(number)
        if not order.allows[number] or not near & order.isolations:
            return False
        bits, seen = order.bits[number], self.matchers(number)
        others = near & (order.before(number) | (order.alike(number) & ~bits))
        if bits & order.passes:
            return False
        if seen is None:
            others &= ~order.requests
        for box in grid.boxes_of(number):
            for cell in self._isolated(box):
                if not (others and grid.index.meeting(cell) & others) and grid.fits(cell):
                    return seen is None or self._requests.possible(seen)
        return False

    def glance(self, number: int, part: Box = _ANYWHERE) -> tuple[Point | None, bool]:
        """A point where the statement decides, and whether it is needed there; None: search for it.

        It is looked for in a `part` of what the statement matches.
        """
        grid, order = self._grid, self._grid.order
        unwanted = order.before(number) | (order.alike(number) & ~order.bits[number])
        seen = self.matchers(number)
        if seen is None:
            unwanted &= ~order.requests
        elif not self._requests.possible(seen):
            return None, False
        found: Point | None = None
        for cell in self._cells(number, part):
            point = grid.search.plain(cell, unwanted & ~self.removed)
            mask = grid.index.at(point) & ~self.removed
            if seen is None:
                mask &= ~order.requests
            outcome = order.decide(mask)
            if not grid.acts(number, outcome) or not grid.has(point):
                continue
            without = order.decide(mask & ~order.bits[number])
            if without.allowed is not outcome.allowed:
                return point, True
            found = found or point
        return found, False

    def place(self, number: int, point: Point) -> Place | None:
        """A point with a request of the statement; None where that is too large, or there is none."""
        seen = self.matchers(number)
        if seen is None:
            return Place(point)
        request = self._requests.matched(seen)
        return None if request is None or isinstance(request, TooLarge) else Place(point, request)

    def _cells(self, number: int, part: Box) -> Iterator[Box]:
        """Parts of the statement's boxes to look in: where an isolation waits behind it, then anywhere."""
        for box in self._boxes(number, part):
            if self._grid.order.allows[number]:
                yield from self._isolated(box)
            yield box

    def _isolated(self, box: Box) -> Iterator[Box]:
        """What some isolations share with a box."""
        grid = self._grid
        if grid.order.isolations:
            behind = grid.index.meeting(box) & grid.order.isolations
            for other in lowest(behind, _ISOLATIONS):
                yield from product((box,), (grid.order.boxes[other],))

    def _boxes(self, number: int, part: Box) -> Iterator[Box]:
        """What is in a part of the statement's boxes."""
        return product(self._grid.boxes_of(number), (part,))

    def any(self, number: int) -> Place:
        """Any place that the statement matches."""
        grid = self._grid
        box = next(box for box in grid.boxes_of(number) if grid.fits(box))
        point = grid.point(box)
        return self.place(number, point) or Place(point)

    # --- exact searches ------------------------------------------------------------------------

    def effective(self, number: int, among: int = -1, part: Box = _ANYWHERE) -> Place | None:
        """A place in a part where the statement decides; None where there is none. Raises OutOfSteps.

        Asked about the boxes `among` those that come before it, it is as if there were no others.
        """
        order = self._grid.order
        bits = order.bits[number]

        def good(must: int) -> Request | None:
            if not self._grid.acts(number, order.decide(must & ~order.requests | bits)):
                return None
            return self._left(number, must)

        stoppers = self._stoppers(number)
        relevant = order.before(number) & among
        return self._search(number, relevant, good, lambda must: bool(must & stoppers), part)

    def needed(self, number: int) -> Place | None:
        """A place where without the statement another verdict would come. Raises OutOfSteps.

        Among blocks of one priority also where another block's rule decides: what stands behind the statement
        may be stronger. `instead` are then the statements that decide the same without it, as far as it was looked.
        """
        self.instead.clear()
        order = self._grid.order
        bits = order.bits[number]
        alone = order.group_of(number) is None
        stoppers = self._stoppers(number)
        alike = order.surely_alike(number) & ~bits & ~order.requests

        def good(must: int) -> Request | None:
            plain = must & ~order.requests
            outcome = order.decide(plain | bits)
            if alone and not self._grid.acts(number, outcome):
                return None
            without = order.decide(plain & ~bits)
            if without.allowed is outcome.allowed:
                self.instead.add(without.decider)
                return None
            return self._left(number, must)

        def hopeless(must: int) -> bool:
            if must & alike and not must & stoppers:
                self.instead.add(order.decide(must & ~order.requests & ~bits).decider)
            return bool(must & (alike | stoppers))

        return self._search(number, order.everything, good, hopeless)

    def otherwise(self, number: int) -> Place | None:
        """A place that the statement matches and that is decided otherwise. Raises OutOfSteps."""
        order = self._grid.order
        statement = self._grid.statement(number)
        passes = isinstance(statement, Rule) and statement.action is Action.PASS

        def good(must: int) -> Request | None:
            outcome = order.decide(must & ~order.requests | order.bits[number])
            if passes:
                same = bool(outcome.passed) and not self._in_tier(number, outcome.decider)
            else:
                same = outcome.allowed is order.allows[number]
            return None if same else self._left(number, 0)

        tiered = isinstance(statement, Rule) and statement.tier is not Tier.NORMAL
        # In the normal tier what decides as the statement does changes nothing: the statement is there.
        relevant = (
            order.everything if tiered else order.before(number) & ~order.surely_alike(number)
        )
        return self._search(number, relevant, good, lambda must: False)

    def blockers(self, number: int) -> list[int]:
        """A least set of statements that keep one from deciding anything. Raises OutOfSteps."""
        grid, order = self._grid, self._grid.order
        held = -1
        for box in grid.boxes_of(number):
            held &= grid.index.holding(box)
        before = order.before(number) & ~order.requests
        if self.matchers(number) is not None:
            before = order.before(number)
        alone = held & before
        while alone:
            single = order.owner[(alone & -alone).bit_length() - 1]
            if single >= 0 and self.effective(number, order.bits[single]) is None:
                return [single]
            alone &= ~(order.bits[single] if single >= 0 else order.host)
        left = grid.owners(self._enough(number, before))
        for other in tuple(left):
            fewer = sum(order.bits[n] for n in left if n != other)
            if self.effective(number, fewer | order.host) is None:
                left.remove(other)
        return left

    def _enough(self, number: int, before: int) -> int:
        """Boxes, of those before a statement that decides nothing, that keep it from deciding: mostly few."""
        stoppers, enough = self._stoppers(number), 0

        def good(must: int) -> None:
            nonlocal enough
            enough |= must & before

        def hopeless(must: int) -> bool:
            nonlocal enough
            stopping = must & stoppers
            if stopping and not stopping & enough:
                enough |= stopping & -stopping
            return bool(stopping)

        self._search(number, before, good, hopeless)
        return enough

    def _in_tier(self, number: int, decider: int) -> bool:
        """Whether a rule that decides is of the statement's own tier."""
        if decider < 0:
            return False
        one, other = self._grid.statement(number), self._grid.statement(decider)
        return isinstance(one, Rule) and isinstance(other, Rule) and one.tier is other.tier

    def _left(self, number: int, must: int) -> Request | None:
        """A request of the statement that no other rule matches of those with boxes in `must`."""
        seen = self.matchers(number)
        if seen is None:
            return OPAQUE
        others = self._grid.owners(must & self._grid.order.requests)
        by = [found for n in others if n != number and (found := self.matchers(n)) is not None]
        answer = self._requests.covered(seen, by)
        if isinstance(answer, TooLarge):
            raise OutOfSteps(str(answer))
        return None if isinstance(answer, Covered) else answer.request

    def _stoppers(self, number: int) -> int:
        """The boxes each of which keeps the statement from deciding wherever it matches."""
        order = self._grid.order
        sure = order.surely_before(number) & ~order.requests
        if not order.bits[number] & order.admin and order.passes & order.admin:
            sure &= ~order.admin | order.host
        return sure

    def _search(
        self,
        number: int,
        relevant: int,
        good: Callable[[int], Request | None],
        hopeless: Callable[[int], bool],
        part: Box = _ANYWHERE,
    ) -> Place | None:
        grid, order = self._grid, self._grid.order
        relevant &= ~self.removed & ~order.bits[number]
        if self.matchers(number) is None:
            relevant &= ~order.requests
        found: list[Request] = []

        def asked(must: int) -> bool:
            request = good(must)
            if request is not None:
                found.append(request)
            return request is not None

        for box in self._boxes(number, part):
            cell = grid.search.find(box, relevant, asked, hopeless, grid.fits, order.matter)
            if cell is not None:
                return Place(grid.point(cell), found[-1])
        return None
