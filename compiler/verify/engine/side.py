"""One side of connections: where to look for what it allows, and for what it denies."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from cpc.compiler.policy.flow import OPAQUE, Request
from cpc.compiler.policy.model import Action, Mode, Rule, Tier
from cpc.compiler.verify.engine.index import atoms
from cpc.compiler.verify.engine.order import HOST, Order
from cpc.compiler.verify.engine.search import OutOfSteps
from cpc.compiler.verify.engine.space import Box
from cpc.compiler.verify.findings import Statement
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Covered, Matchers, RequestSpace

__all__ = ["ANYWHERE", "Seed", "SideOrder"]


class Seed(Struct, frozen=True):
    """A box outside of which one reason for a verdict cannot be.

    A point of it has the verdict if the boxes of `relevant` that hold it are `good`: then for the requests
    of `requests` (None: for all, and opaque bytes). `hopeless` says that no point in some boxes has. Masks
    are those of both sides together.
    """

    box: Box
    relevant: int
    good: Callable[[int], bool]
    hopeless: Callable[[int], bool]
    requests: Matchers | None = None
    denied: Callable[[int], Request | None] = lambda must: OPAQUE
    """Of a denial: a request that is denied where these boxes match."""


def _always(must: int) -> bool:
    return True


def _never(must: int) -> bool:
    return False


ANYWHERE = Seed({}, 0, _always, _never)
"""Of a side that allows everything."""


class SideOrder:
    """A side's statements and audited subjects, with their boxes as those of connections.

    Its bits are `order`'s, then those of `audits`, all of them `shift` further. `tangled`: blocks of one
    priority have request parts, so that a request may need several of them.
    """

    def __init__(
        self,
        order: Order,
        audits: Sequence[Box],
        turned: Callable[[Box], Box],
        shift: int,
        mode: Mode,
    ) -> None:
        self.order = order
        self.shift = shift
        self.mode = mode
        self.boxes = [turned(box) for box in (*order.boxes, *audits)]
        self._size = len(order.boxes)
        self._audited = (1 << len(self.boxes)) - (1 << self._size)
        actions = {n: s.action for n, s in enumerate(order.statements) if isinstance(s, Rule)}
        normal = order.normal
        self._allowing = order.host | order.mask(lambda n: actions.get(n) is Action.ALLOW)
        self._normal_allows = self._allowing & normal
        denies = order.mask(lambda n: actions.get(n) is Action.DENY)
        self._normal_denies = (denies | order.isolations) & normal
        self._denying = order.everything & ~self._allowing & ~order.passes
        rules = [(n, s) for n, s in enumerate(order.statements) if isinstance(s, Rule)]
        contested = [n for n, r in rules if r.l7 is not None and order.group_of(n) is not None]
        self.tangled = len(contested) > 1

    def _local(self, mask: int) -> int:
        return mask >> self.shift

    # --- what it allows ------------------------------------------------------------------------

    def statements(self, meeting: int) -> list[Statement]:
        """The statements with boxes among those that are met."""
        met = atoms(self._local(meeting) & self.order.everything & ~self.order.host)
        owners = dict.fromkeys(self.order.owner[n] for n in met)
        return [self.order.statements[n] for n in owners]

    def number_allowing(self, meeting: int) -> int:
        """How many boxes of those that are met may allow something."""
        return (self._local(meeting) & (self._allowing | self._audited)).bit_count()

    def allowing(self, meeting: int) -> Iterator[Seed]:
        """Where it may allow something, among boxes that are met."""
        if self.mode is Mode.NEVER:
            yield ANYWHERE
            return
        met = self._local(meeting)
        for bit in atoms(met & self._allowing):
            yield self._allowed_by(bit)
        for bit in atoms(met & self._audited):
            yield Seed(self.boxes[bit], 0, _always, _never)
        if self.mode is Mode.DEFAULT:
            yield self._allowed_by_nobody()

    def _allowed_by(self, bit: int) -> Seed:
        """Where a statement that allows decides: earlier ones of other tiers, and those that deny."""
        order = self.order
        number = order.owner[bit]
        if number == HOST:
            return Seed(self.boxes[bit], 0, _always, _never)
        rule = order.statements[number]
        assert isinstance(rule, Rule)
        same = self._normal_allows if rule.tier is Tier.NORMAL else 0
        before = order.before(number) & ~order.requests & ~order.bits[number] & ~same
        sure = self._sure(number) & ~same

        def good(must: int) -> bool:
            hit = self._local(must) & ~order.requests | 1 << bit
            return order.decide(hit & order.everything).allowed

        return Seed(
            self.boxes[bit],
            before << self.shift,
            good,
            lambda must: bool(self._local(must) & sure),
            None if rule.l7 is None else rule.l7.matchers,
        )

    def decided(self, number: int) -> Iterator[Seed]:
        """Where a statement that allows is the one that decides; of rules with request parts only its own
        counts.
        """
        order = self.order
        bits = order.bits[number]
        before = order.before(number) & ~order.requests & ~bits
        sure = self._sure(number)
        rule = order.statements[number]
        part = rule.l7 if isinstance(rule, Rule) else None

        def good(must: int) -> bool:
            hit = self._local(must) & order.everything & ~order.requests | bits
            return order.decide(hit).decider == number

        for bit in atoms(bits):
            yield Seed(
                self.boxes[bit],
                before << self.shift,
                good,
                lambda must: bool(self._local(must) & sure),
                None if part is None else part.matchers,
            )

    def _allowed_by_nobody(self) -> Seed:
        """Where no tier decides."""
        order = self.order
        relevant = order.everything & ~order.requests & ~order.host
        normal = (self._normal_allows | self._normal_denies) & ~order.requests
        return Seed(
            {},
            relevant << self.shift,
            lambda must: order.decide(self._local(must) & relevant).allowed,
            lambda must: bool(self._local(must) & normal),
        )

    def _sure(self, number: int) -> int:
        """The boxes that keep a statement from deciding wherever they match."""
        order = self.order
        sure = order.surely_before(number) & ~order.requests
        if not order.bits[number] & order.admin and order.passes & order.admin:
            sure &= ~order.admin | order.host
        return sure

    # --- what it denies ------------------------------------------------------------------------

    def denying(
        self, meeting: int, asked: Matchers | None, requests: RequestSpace
    ) -> Iterator[Seed]:
        """Where it may deny some of the requests that are asked about (None: opaque bytes)."""
        if self.mode is Mode.NEVER:
            return
        for bit in atoms(self._local(meeting) & self._denying):
            yield self._denied_by(bit, asked, requests)
        if self.mode is Mode.ALWAYS:
            yield self._denied_by(None, asked, requests)

    def _denied_by(self, bit: int | None, asked: Matchers | None, requests: RequestSpace) -> Seed:
        """Where a statement that denies decides; None: where no tier decides."""
        order = self.order
        own = 0 if bit is None else 1 << bit
        if bit is None:
            before = order.everything
            sure = (order.host | self._normal_allows | self._normal_denies) & ~order.requests
        else:
            number = order.owner[bit]
            before = order.before(number) & ~order.bits[number]
            sure = self._sure(number)
            if own & self._normal_denies:
                before &= ~self._normal_denies
                sure &= ~self._normal_denies
        if asked is None:
            before &= ~order.requests

        def good(must: int) -> bool:
            hit = self._local(must) & order.everything & ~order.requests | own
            return not order.decide(hit).allowed

        def denied(must: int) -> Request | None:
            if asked is None:
                return OPAQUE
            return self._unmatched(self._local(must) & order.everything, own, asked, requests)

        return Seed(
            {} if bit is None else self.boxes[bit],
            (before | self._audited) << self.shift,
            good,
            lambda must: bool(self._local(must) & (sure | self._audited)),
            denied=denied,
        )

    def _unmatched(
        self, must: int, own: int, asked: Matchers, requests: RequestSpace
    ) -> Request | None:
        """A request that is asked about and that no rule with a request part frees. Raises OutOfSteps."""
        order = self.order
        plain = must & ~order.requests | own
        by: list[Matchers] = []
        for number in dict.fromkeys(order.owner[n] for n in atoms(must & order.requests)):
            rule = order.statements[number]
            freed = order.decide(plain | order.bits[number] & must).allowed
            if freed and isinstance(rule, Rule) and rule.l7 is not None:
                by.append(rule.l7.matchers)
        answer = requests.covered(asked, by)
        if isinstance(answer, TooLarge):
            raise OutOfSteps(str(answer))
        return None if isinstance(answer, Covered) else answer.request
