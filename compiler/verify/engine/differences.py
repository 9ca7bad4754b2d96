"""Where two policies decide otherwise: exactly, in the open world, each region with a witness.

Both policies share one space and one index of boxes. A flow that matches no statement which only one of them
has is decided alike, so only the boxes of such statements are searched. A part of one is taken apart until
both verdicts are settled in each piece.
"""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, Request
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Decision, Verdict, without_staged
from cpc.compiler.verify.engine.boxes import TOO_MANY, Boxes, space_of
from cpc.compiler.verify.engine.cells import apart, joined
from cpc.compiler.verify.engine.changes import Change, Differences, Region
from cpc.compiler.verify.engine.deciding import Catalogue, Deciding, Settled
from cpc.compiler.verify.engine.index import Index, Point, atoms
from cpc.compiler.verify.engine.odd import odd_bits, same_statements
from cpc.compiler.verify.engine.points import Points
from cpc.compiler.verify.engine.search import Search
from cpc.compiler.verify.engine.space import Box, Space
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Matchers, RequestSpace, Uncovered

__all__ = ["Undecided", "differences", "first_between"]

_MOST_WORK = 20_000_000
"""Boxes that are held against parts of the grid before the search is stopped."""
_WHOLE = 20_000
"""Statements that witnesses are replayed through; beyond, only those that match by the engine's account."""

_TOO_LONG = "the search for differences was stopped"
_TOO_MANY = f"expressions {TOO_MANY}"
_REQUESTS = "expressions about requests are too large to be compared"


def differences(old: Policy, new: Policy) -> Differences:
    """Every difference between what two policies enforce, in the open world."""
    old, new = without_staged(old), without_staged(new)
    space = space_of([old, new])
    boxes = Boxes(space, old)
    other = boxes if old.requirements == new.requirements else Boxes(space, new)
    requests = RequestSpace()
    regions: list[Region] = []
    undecided: dict[str, None] = {}
    for direction in Direction:
        search = _Direction(old, new, direction, space, (boxes, other), requests)
        regions += search.regions()
        undecided.update(search.undecided)
    return Differences(space, tuple(regions), tuple(undecided))


def first_between(
    policy: Policy,
    direction: Direction,
    space: Space,
    boxes: tuple[Boxes, Boxes],
    requests: RequestSpace,
) -> tuple[Point, Request] | None:
    """Where one policy decides otherwise when it is read in two ways, each a way to write its statements as boxes.

    A point with a request; None where there is no such point. Undecided where that is not known.
    """
    search = _Direction(policy, policy, direction, space, boxes, requests)
    found = search.first()
    if found is None and search.undecided:
        raise Undecided("; ".join(search.undecided))
    return found


class Undecided(Exception):
    """It is not known whether there is a difference; the message says why."""


class _Kind(Struct, frozen=True):
    """What changes in a cell, and who decides it; cells of one kind may be put together."""

    before: Settled
    after: Settled
    allowed: Request | None
    denied: Request | None


class _Direction:
    """The differences of one direction."""

    def __init__(
        self,
        old: Policy,
        new: Policy,
        direction: Direction,
        space: Space,
        boxes: tuple[Boxes, Boxes],
        requests: RequestSpace,
    ) -> None:
        self.undecided: dict[str, None] = {}
        self._direction = direction
        self._space = space
        self._requests = requests
        catalogue = Catalogue()
        self._old = Deciding(old, direction, boxes[0], catalogue)
        self._new = Deciding(new, direction, boxes[1], catalogue)
        self._boxes = catalogue.boxes
        old_bits, new_bits = self._old.bits_by_box(), self._new.bits_by_box()
        numbers = range(len(self._boxes))
        self._bits = [(old_bits.get(n, 0), new_bits.get(n, 0)) for n in numbers]
        self._modes_differ = old.mode is not new.mode
        self._work = 0
        self._replayed = 0
        self._compared: dict[tuple[Settled, Settled], tuple[Request | None, Request | None]] = {}

    def regions(self) -> Iterator[Region]:
        """All of them, as far as the search goes."""
        if self._old.complex or self._new.complex:
            if not same_statements(self._old, self._new):
                self.undecided[_TOO_MANY] = None
            return
        if self._begin():
            for kind, box in joined(self._cells(), self._space):
                assert isinstance(kind, _Kind)
                yield self._region(kind, box)

    def first(self) -> tuple[Point, Request] | None:
        """A point with a request that is decided otherwise, of two readings of one policy."""
        if self._old.complex or self._new.complex:
            self.undecided[_TOO_MANY] = None
            return None
        for kind, box in self._cells() if self._begin() else ():
            request = kind.denied if kind.allowed is None else kind.allowed
            if request is not None:
                return self._search.plain(box, self._index.everything), request
        return None

    def _begin(self) -> bool:
        """Gets ready for a search; false where there is nothing to search for."""
        self._odd = odd_bits(self._old, self._new)
        if not any(self._odd) and not self._modes_differ:
            return False
        self._index = Index(self._space, self._boxes)
        self._search = Search(self._index, self._boxes)
        self._points = Points(self._space, self._direction)
        return True

    # --- the search ----------------------------------------------------------------------------

    def _cells(self) -> Iterator[tuple[_Kind, Box]]:
        """Disjoint cells whose flows are decided otherwise, with what changes."""
        done = 0
        odd_old, odd_new = self._odd
        if self._modes_differ:
            yield from self._within({}, 0)
            return
        for number, (old, new) in enumerate(self._bits):
            if not (old & odd_old or new & odd_new):
                continue
            for kind, cell in self._within(self._boxes[number], done):
                for part in self._outside(cell, done):
                    yield kind, part
            done |= 1 << number

    def _within(self, root: Box, done: int) -> Iterator[tuple[_Kind, Box]]:
        """The cells of a root that are not all in boxes that are done."""
        stack = [(root, atoms(self._index.meeting(root)), 0, 0)]
        while stack:
            cell, may, must_old, must_new = stack.pop()
            self._work += len(may) + 1
            if self._work > _MOST_WORK:
                self.undecided[_TOO_LONG] = None
                return
            may_old, may_new = must_old, must_new
            partial: list[tuple[int, int]] = []
            finished = False
            for number in may:
                fields = self._crossed(cell, self._boxes[number])
                if fields < 0:
                    continue
                old, new = self._bits[number]
                may_old, may_new = may_old | old, may_new | new
                if fields:
                    partial.append((fields, number))
                    continue
                must_old, must_new = must_old | old, must_new | new
                finished = finished or bool(done >> number & 1)
            if finished:
                continue
            may_old = self._old.relevant(must_old, may_old)
            may_new = self._new.relevant(must_new, may_new)
            if not (self._modes_differ or may_old & self._odd[0] or may_new & self._odd[1]):
                continue
            before = self._old.settled(must_old & may_old, may_old)
            after = self._new.settled(must_new & may_new, may_new)
            if before is not None and after is not None:
                kind = self._kind(before, after)
                if kind is not None:
                    yield kind, cell
                continue
            useful_old = 0 if before is not None else self._old.useful(must_old, may_old)
            useful_new = 0 if after is not None else self._new.useful(must_new, may_new)
            rest: list[int] = []
            best = (1 << 62, -1)
            for one in partial:
                old, new = self._bits[one[1]]
                if old & may_old or new & may_new:
                    rest.append(one[1])
                    if one < best and (old & useful_old or new & useful_new):
                        best = one
            outside, inside = apart(cell, self._boxes[best[1]], self._space)
            parts = [*outside, inside] if inside is not None else outside
            stack += [(part, rest, must_old, must_new) for part in parts]

    def _crossed(self, cell: Box, box: Box) -> int:
        """In how many fields a box holds a part of a cell only; -1 where they do not meet."""
        full = self._space.full
        crossed = 0
        for at, mask in box.items():
            have = cell.get(at) or full[at]
            if not have & mask:
                return -1
            if have & ~mask:
                crossed += 1
        return crossed

    def _outside(self, cell: Box, done: int) -> list[Box]:
        """A cell without the boxes that are done."""
        parts = [cell]
        for number in atoms(self._index.meeting(cell) & done):
            parts = [p for part in parts for p in apart(part, self._boxes[number], self._space)[0]]
        return parts

    # --- what changes --------------------------------------------------------------------------

    def _kind(self, before: Settled, after: Settled) -> _Kind | None:
        """What changes where both policies are settled; None where nothing does."""
        if before.verdict is after.verdict is not Verdict.REDIRECT:
            return None
        key = (before, after)
        if key not in self._compared:
            self._compared[key] = self._requests_between(before, after)
        allowed, denied = self._compared[key]
        if allowed is None and denied is None:
            return None
        return _Kind(before, after, allowed, denied)

    def _requests_between(
        self, before: Settled, after: Settled
    ) -> tuple[Request | None, Request | None]:
        """A request that is newly allowed, and one newly denied."""
        match before.verdict, after.verdict:
            case Verdict.DENY, Verdict.ALLOW:
                return OPAQUE, None
            case Verdict.ALLOW, Verdict.DENY:
                return None, OPAQUE
            case Verdict.REDIRECT, Verdict.ALLOW:
                return OPAQUE, None
            case Verdict.ALLOW, Verdict.REDIRECT:
                return None, OPAQUE
            case Verdict.DENY, Verdict.REDIRECT:
                return self._beyond(after, ()), None
            case Verdict.REDIRECT, Verdict.DENY:
                return None, self._beyond(before, ())
            case _ if before.joint or after.joint:
                self.undecided[_REQUESTS] = None
                return None, None
            case _:
                allowed = self._beyond(after, before.requests)
                return allowed, self._beyond(before, after.requests)

    def _beyond(self, one: Settled, known: tuple[Matchers, ...]) -> Request | None:
        """A request that a redirect allows, and that none of some other matchers matches."""
        doubtful = one.joint and not known
        for matchers in one.requests:
            answer = self._requests.covered(matchers, known)
            if isinstance(answer, Uncovered):
                return answer.request
            doubtful = doubtful or isinstance(answer, TooLarge)
        if doubtful:
            self.undecided[_REQUESTS] = None
        return None

    # --- witnesses -----------------------------------------------------------------------------

    def _region(self, kind: _Kind, box: Box) -> Region:
        point = self._search.plain(box, self._index.everything)
        held = atoms(self._index.at(point))
        flow = self._points.flow(point)

        def change(request: Request | None, allowed: bool) -> Change | None:
            if request is None:
                return None
            before = self._replay(self._old, flow, request, [self._bits[n][0] for n in held])
            after = self._replay(self._new, flow, request, [self._bits[n][1] for n in held])
            wanted = (Verdict.DENY, Verdict.ALLOW) if allowed else (Verdict.ALLOW, Verdict.DENY)
            if (before.verdict, after.verdict) != wanted:
                raise InternalError(f"a witness is decided alike by both policies: {flow}")
            return Change(flow, request, before, after)

        return Region(
            self._direction,
            box,
            kind.before.verdict,
            kind.after.verdict,
            change(kind.allowed, True),
            change(kind.denied, False),
        )

    def _replay(self, side: Deciding, flow: Flow, request: Request, matched: list[int]) -> Decision:
        """What `decide` says, of the whole policy as long as there is time for that."""
        policy = side.policy
        self._replayed += len(policy.rules)
        if self._replayed > _WHOLE:
            policy = side.only(matched)
        return decide(policy, flow, request)
