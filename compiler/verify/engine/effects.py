"""What a statement does by itself: whether it decides anything, and whether it is needed."""

from collections.abc import Callable, Iterator

from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.model import Action, Rule, Tier
from cpc.compiler.verify.engine.grid import Grid, Place
from cpc.compiler.verify.engine.index import Point, atoms
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.space import Box
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Covered, Matchers, RequestSpace

__all__ = ["Effects"]

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

    def glance(self, number: int) -> tuple[Place | None, bool]:
        """A place where the statement decides, and whether it is needed there; None: search for it."""
        grid, order = self._grid, self._grid.order
        unwanted = order.before(number) | (order.alike(number) & ~order.bits[number])
        seen = self.matchers(number)
        if seen is None:
            unwanted &= ~order.requests
        found: Place | None = None
        for cell in self._cells(number):
            point = grid.search.plain(cell, unwanted & ~self.removed)
            mask = grid.index.at(point) & ~self.removed
            if seen is None:
                mask &= ~order.requests
            outcome = order.decide(mask)
            if not grid.acts(number, outcome):
                continue
            place = self._place(number, point)
            if place is None:
                continue
            without = order.decide(mask & ~order.bits[number])
            if without.allowed is not outcome.allowed:
                return place, True
            found = found or place
        return found, False

    def _place(self, number: int, point: Point) -> Place | None:
        seen = self.matchers(number)
        if seen is None:
            return Place(point)
        request = self._requests.matched(seen)
        return None if request is None or isinstance(request, TooLarge) else Place(point, request)

    def _cells(self, number: int) -> Iterator[Box]:
        """Parts of the statement's boxes to look in: where an isolation waits behind it, then anywhere."""
        grid = self._grid
        for box in grid.boxes_of(number):
            if grid.order.allows[number] and grid.order.isolations:
                behind = grid.index.meeting(box) & grid.order.isolations
                for other in atoms(behind)[:_ISOLATIONS]:
                    met = grid.order.boxes[other]
                    yield {**box, **{at: m & box.get(at, m) for at, m in met.items()}}
            yield box

    def any(self, number: int) -> Place:
        """Any place that the statement matches."""
        box = self._grid.boxes_of(number)[0]
        point = self._grid.search.plain(box, 0)
        return self._place(number, point) or Place(point)

    # --- exact searches ------------------------------------------------------------------------

    def effective(self, number: int, among: int = -1) -> Place | None:
        """A place where the statement decides; None where there is none. Raises OutOfSteps.

        Asked about the boxes `among` those that come before it, it is as if there were no others.
        """
        order = self._grid.order
        bits = order.bits[number]

        def good(must: int) -> Request | None:
            if not self._grid.acts(number, order.decide(must & ~order.requests | bits)):
                return None
            return self._left(number, must)

        return self._search(number, order.before(number) & among, good, self._blocked(number))

    def needed(self, number: int) -> Place | None:
        """A place where without the statement another verdict would come. Raises OutOfSteps.

        `instead` are then the statements that decide the same without it, as far as it was looked.
        """
        self.instead.clear()
        order = self._grid.order
        bits = order.bits[number]
        blocked = self._blocked(number)
        alike = order.surely_alike(number) & ~bits & ~order.requests

        def good(must: int) -> Request | None:
            plain = must & ~order.requests
            outcome = order.decide(plain | bits)
            if not self._grid.acts(number, outcome):
                return None
            without = order.decide(plain & ~bits)
            if without.allowed is outcome.allowed:
                self.instead.add(without.decider)
                return None
            return self._left(number, must)

        def hopeless(must: int) -> bool:
            if must & alike and not blocked(must):
                self.instead.add(order.decide(must & ~order.requests & ~bits).decider)
            return bool(must & alike) or blocked(must)

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
        relevant = order.everything if tiered else order.before(number)
        return self._search(number, relevant, good, lambda must: False)

    def blockers(self, number: int) -> list[int]:
        """A least set of statements that keep one from deciding anything. Raises OutOfSteps."""
        grid, order = self._grid, self._grid.order
        met, held = 0, -1
        for box in grid.boxes_of(number):
            met |= grid.index.meeting(box)
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
        left = grid.owners(met & before)
        step = len(left)
        while step:  # by halves: most of what meets it keeps it from nothing
            at = 0
            while at < len(left):
                fewer = left[:at] + left[at + step :]
                bits = sum(order.bits[n] for n in fewer)
                if self.effective(number, bits | order.host) is None:
                    left = fewer
                else:
                    at += step
            step //= 2
        return left

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

    def _blocked(self, number: int) -> Callable[[int], bool]:
        """Says of boxes that surely match whether they keep the statement from deciding."""
        order = self._grid.order
        sure = order.surely_before(number) & ~order.requests
        admin = (1 << order.admin_end) - 1
        passes = order.passes

        def blocked(must: int) -> bool:
            hit = must & sure
            if number_is_admin or not passes & admin:
                return bool(hit)
            return bool(hit & ~admin)

        number_is_admin = bool(order.bits[number] & admin)
        return blocked

    def _search(
        self,
        number: int,
        relevant: int,
        good: Callable[[int], Request | None],
        hopeless: Callable[[int], bool],
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

        for box in grid.boxes_of(number):
            cell = grid.search.find(box, relevant, asked, hopeless)
            if cell is not None:
                return Place(grid.search.point(cell), found[-1])
        return None
