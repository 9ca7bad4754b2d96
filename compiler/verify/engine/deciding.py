"""What one policy decides in a part of the grid, as far as the boxes that hold it or meet it tell."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.model import Direction, Isolation, Mode, Policy, Rule, Tier
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.engine.boxes import Boxes, TooManyBoxes
from cpc.compiler.verify.engine.index import atoms
from cpc.compiler.verify.engine.order import FINAL, HOST, Order, Outcome
from cpc.compiler.verify.engine.space import Box, Side
from cpc.compiler.verify.languages.requests import Matchers

__all__ = ["Catalogue", "Deciding", "Meaning", "Settled"]

Meaning: TypeAlias = tuple[str, Matchers | None, frozenset[int]]
"""What a statement does, to which requests, of which flows: the numbers of its boxes."""


class Catalogue:
    """The distinct boxes of several policies, numbered."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self._numbers: dict[frozenset[tuple[int, int]], int] = {}

    def number(self, box: Box) -> int:
        """The number of a box; equal boxes have one."""
        key = frozenset(box.items())
        number = self._numbers.setdefault(key, len(self.boxes))
        if number == len(self.boxes):
            self.boxes.append(box)
        return number


class Settled(Struct, frozen=True):
    """What is decided of every flow of a part.

    `decider` is a statement's number (or `HOST`, `FINAL`) that decides so wherever no other decides the same
    before it. `requests` are those that a redirect allows; `joint`: perhaps others too, which several
    rules must match.
    """

    verdict: Verdict
    decider: int
    requests: tuple[Matchers, ...] = ()
    joint: bool = False


class Deciding:
    """One direction of a policy. Its boxes have bits as in `order`; `audited` is one more bit, of all boxes
    of audited subjects. `numbers` are those of a catalogue for each bit of `order`.
    """

    def __init__(
        self, policy: Policy, direction: Direction, boxes: Boxes, catalogue: Catalogue
    ) -> None:
        self.policy = policy
        self.order = Order(policy, direction, boxes)
        self.numbers = [catalogue.number(box) for box in self.order.boxes]
        self.audited = self.order.everything + 1
        self.audits: frozenset[int] = frozenset()
        self.complex = bool(self.order.complex)
        try:
            self.audits = frozenset(
                catalogue.number(box)
                for audit in policy.audits
                for box in boxes.selector(Side.SUBJECT, audit.subject)
            )
        except TooManyBoxes:
            self.complex = True
        order = self.order
        self._lowering = order.mask(lambda n: not order.allows[n]) & ~order.passes
        self._raising = order.mask(lambda n: order.allows[n]) & ~order.passes | order.host
        self._decisive = order.everything & ~order.passes & ~order.requests
        self._tiers = order.admin, order.normal, order.baseline
        self._contested = order.mask(lambda n: order.group_of(n) is not None)

    # --- what it says --------------------------------------------------------------------------

    def meaning(self, number: int) -> Meaning:
        """What a statement means; equal meanings in equal places decide the same."""
        order = self.order
        statement = order.statements[number]
        own = frozenset(self.numbers[n] for n in atoms(order.bits[number]))
        if isinstance(statement, Rule):
            matchers = None if statement.l7 is None else statement.l7.matchers
            return statement.action, matchers, own
        return "isolate", None, own

    def statements(self, tier: Tier) -> list[int]:
        """The statements of a tier that match something, in the order in which they decide."""
        mask = self._tiers[tier] & ~self.order.host
        return [n for n, bits in enumerate(self.order.bits) if bits & mask]

    def bits_by_box(self) -> dict[int, int]:
        """The bits of each box of the catalogue that is one of this policy's."""
        found: dict[int, int] = {}
        for bit, number in enumerate(self.numbers):
            found[number] = found.get(number, 0) | 1 << bit
        for number in self.audits:
            found[number] = found.get(number, 0) | self.audited
        return found

    # --- what it decides -----------------------------------------------------------------------

    def relevant(self, must: int, may: int) -> int:
        """The boxes of `may` that can have a say where those of `must` match.

        After a statement that surely decides, if it is reached, none has; only a `pass` before it keeps it from
        being reached, and only in its tier.
        """
        if self.policy.mode is Mode.NEVER:
            return 0
        for tier in self._tiers:
            hit = must & tier & self._decisive
            if hit:
                last = self._until(hit & -hit)
                if not may & tier & last & self.order.passes:
                    return may & (last | self.audited)
        return may

    def _until(self, bit: int) -> int:
        """The bits up to a box, all of its priority where several blocks have one."""
        owner = self.order.owner[bit.bit_length() - 1]
        group = None if owner == HOST else self.order.group_of(owner)
        end = bit if group is None else group.mask
        return (1 << end.bit_length()) - 1

    def settled(self, must: int, may: int) -> Settled | None:
        """What is decided where surely the boxes of `must` match, and perhaps others of `may`.

        None where that is not known. More allows can only allow more and more denies less, so the two ends
        are asked; a `pass` can do either.
        """
        if self.policy.mode is Mode.NEVER:
            return Settled(Verdict.ALLOW, FINAL)
        requests = self.order.requests
        opaque = self._known(must & ~requests, may & ~requests)
        if opaque is not None and opaque.allowed:
            return Settled(Verdict.ALLOW, opaque.decider)
        if must & self.audited:
            # What is denied is logged and allowed.
            return Settled(Verdict.ALLOW, FINAL if opaque is None else opaque.decider)
        most = self._known(must, may)
        if most is None or may & self.audited:
            return None
        if not most.allowed:
            return Settled(Verdict.DENY, most.decider)
        return None if opaque is None else self._redirect(must, may)

    def _known(self, must: int, may: int) -> Outcome | None:
        extra = may & ~must
        if extra & self.order.passes:
            return None
        low = self.order.decide(must | extra & self._lowering)
        high = self.order.decide(must | extra & self._raising)
        if low.allowed is not high.allowed:
            return None
        return low if low.allowed else high

    def _redirect(self, must: int, may: int) -> Settled | None:
        """The requests that are allowed where opaque bytes are not: those of each rule that would allow its
        own if no other rule with a request part matched.
        """
        order = self.order
        if may & ~must & order.requests:
            return None
        plain, more = must & ~order.requests, may & ~order.requests
        found: list[Matchers] = []
        first = FINAL
        numbers = list(dict.fromkeys(order.owner[n] for n in atoms(must & order.requests)))
        for number in numbers:
            bits = order.bits[number] & must
            outcome = self._known(plain | bits, more | bits)
            if outcome is None:
                return None
            rule = order.statements[number]
            if outcome.allowed and isinstance(rule, Rule) and rule.l7 is not None:
                first = number if first == FINAL else first
                found.append(rule.l7.matchers)
        contested = [n for n in numbers if order.bits[n] & self._contested]
        return Settled(Verdict.REDIRECT, first, tuple(found), len(contested) > 1)

    def useful(self, must: int, may: int) -> int:
        """The boxes of `may` that keep it from being settled."""
        extra = may & ~must
        passes = extra & self.order.passes
        return passes or extra

    def only(self, boxes: Iterable[int]) -> Policy:
        """The policy of the statements that have bits among those given."""
        mask = reduce(or_, boxes, 0) & self.order.everything
        kept = {self.order.owner[n] for n in atoms(mask)} - {HOST}
        statements = [self.order.statements[n] for n in kept]
        return replace(
            self.policy,
            rules=tuple(sorted((s for s in statements if isinstance(s, Rule)), key=_by_key)),
            isolations=tuple(
                sorted((s for s in statements if isinstance(s, Isolation)), key=_by_place)
            ),
        )


def _by_key(rule: Rule) -> tuple[int, int, tuple[int, int, int]]:
    return rule.key


def _by_place(isolation: Isolation) -> tuple[int, int, int]:
    return isolation.origin.order
