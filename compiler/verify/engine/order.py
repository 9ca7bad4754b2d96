"""Who decides where which boxes match: the steps of a decision over a bitmap of boxes."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from cpc.compiler.policy.model import (
    Action,
    Direction,
    Entity,
    EntityTerm,
    Isolation,
    Mode,
    Policy,
    Rule,
    Tier,
)
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.boxes import Boxes, TooManyBoxes
from cpc.compiler.verify.engine.space import Box, Side
from cpc.compiler.verify.findings import Statement

__all__ = ["FINAL", "HOST", "Order", "Outcome"]

_LOCAL_HOST = (EntityTerm(Entity.HOST),)

HOST, FINAL = -1, -2
"""In the place of a statement's number: the local host's traffic, and the mode."""


class Outcome(Struct, frozen=True):
    """Who decides, whether it allows, and the rules whose `pass` ended a tier before."""

    decider: int
    allowed: bool
    passed: tuple[int, ...] = ()


class _Group(Struct, frozen=True):
    """The blocks of one priority: their boxes, all of them and block by block."""

    mask: int
    blocks: tuple[int, ...]


class _Bits(Struct, frozen=True):
    """The boxes of each statement, which follow each other: where each one's end, after where the first begin.

    Made when they are asked for: all of them together take the square of their number.
    """

    ends: list[int]

    def __getitem__(self, number: int) -> int:
        return (1 << self.ends[number + 1]) - (1 << self.ends[number])

    def __iter__(self) -> Iterator[int]:
        return map(self.__getitem__, range(len(self.ends) - 1))


class Order:
    """The statements of one direction in the order in which they decide, and the bits of their boxes.

    Bits are numbered in that order, so that of the boxes of one block, or of the normal tier, the lowest
    decides: denies, then allows, then isolations. `complex` are statements whose boxes are too many.
    """

    def __init__(self, policy: Policy, direction: Direction, boxes: Boxes) -> None:
        policy = without_staged(policy)
        self.complex: list[Statement] = []
        self.boxes: list[Box] = []
        self.owner: list[int] = []
        self.statements: list[Statement] = []
        self.bits = _Bits([0])
        self._mode_allows = policy.mode is not Mode.ALWAYS
        self.host = 0
        host = boxes.selector(Side.PEER, _LOCAL_HOST)
        if policy.allow_host and direction is Direction.INGRESS and host:
            self.boxes += host
            self.owner.append(HOST)
            self.host = 1
            self.bits.ends[0] = 1
        rules = [r for r in policy.rules if r.direction is direction]
        self._admin = self._tier([r for r in rules if r.tier is Tier.ADMIN], boxes)
        self.admin = (1 << len(self.boxes)) - 1
        normal = [r for r in rules if r.tier is Tier.NORMAL]
        for action in (Action.DENY, Action.ALLOW):
            for rule in normal:
                if rule.action is action:
                    self._add(rule, boxes)
        for isolation in policy.isolations:
            if isolation.direction is direction:
                self._add(isolation, boxes)
        self.normal = (1 << len(self.boxes)) - 1 & ~self.admin
        self._baseline = self._tier([r for r in rules if r.tier is Tier.BASELINE], boxes)
        self._counts = [end - start for start, end in pairwise(self.bits.ends)]
        self.allows = [_allows(s) for s in self.statements]
        self.passes = self._of(lambda s: isinstance(s, Rule) and s.action is Action.PASS)
        self.requests = self._of(lambda s: isinstance(s, Rule) and s.l7 is not None)
        self.isolations = self._of(lambda s: isinstance(s, Isolation))
        self.everything = (1 << len(self.boxes)) - 1
        self.baseline = self.everything & ~self.admin & ~self.normal
        deciding = self._of(_decides)
        allowing = self._of(_allows) & deciding
        self._alike = {True: allowing, False: deciding & ~allowing}

    def boxes_of(self, number: int) -> Sequence[Box]:
        """The boxes of a statement."""
        return self.boxes[self.bits.ends[number] : self.bits.ends[number + 1]]

    def mask(self, holds: Callable[[int], bool]) -> int:
        """The boxes of the statements for whose numbers something holds."""
        words = ["01"[holds(number)] * count for number, count in enumerate(self._counts)]
        return int("".join(words)[::-1] or "0", 2) << self.bits.ends[0]

    def _of(self, holds: Callable[[Statement], bool]) -> int:
        return self.mask(lambda number: holds(self.statements[number]))

    def _add(self, statement: Statement, boxes: Boxes) -> int:
        """Gives a statement its bits and its number; the number."""
        try:
            found = (
                boxes.rule(statement) if isinstance(statement, Rule) else boxes.isolation(statement)
            )
        except TooManyBoxes:
            found = ()
            self.complex.append(statement)
        self.boxes += found
        self.owner += [len(self.statements)] * len(found)
        self.statements.append(statement)
        self.bits.ends.append(len(self.boxes))
        return len(self.statements) - 1

    def _tier(self, rules: Sequence[Rule], boxes: Boxes) -> tuple[_Group, ...]:
        groups: list[_Group] = []
        for priority in sorted({r.priority for r in rules}):
            blocks: list[int] = []
            group = [r for r in rules if r.priority == priority]
            for block in sorted({r.block for r in group}):
                members = sorted((r for r in group if r.block == block), key=lambda r: r.index)
                blocks.append(sum(self.bits[self._add(rule, boxes)] for rule in members))
            groups.append(_Group(sum(blocks), tuple(blocks)))
        return tuple(groups)

    # --- decisions -----------------------------------------------------------------------------

    def decide(self, mask: int) -> Outcome:
        """What is decided where exactly the boxes of `mask` match."""
        if mask & self.host:
            return Outcome(HOST, True)
        passed: list[int] = []
        decider = self._ask(self._admin, mask, passed)
        if decider is None:
            hit = mask & self.normal
            if hit:
                decider = self.owner[_lowest(hit)]
        if decider is None:
            decider = self._ask(self._baseline, mask, passed)
        if decider is None:
            return Outcome(FINAL, self._mode_allows, tuple(passed))
        return Outcome(decider, self.allows[decider], tuple(passed))

    def _ask(self, groups: Sequence[_Group], mask: int, passed: list[int]) -> int | None:
        """The rule of an ordered tier that decides; None where none does, or a `pass` ends the tier."""
        for group in groups:
            hit = mask & group.mask
            if not hit:
                continue
            chosen = self._strongest(group, hit)
            rule = self.statements[chosen]
            if isinstance(rule, Rule) and rule.action is Action.PASS:
                passed.append(chosen)
                return None
            return chosen
        return None

    def _strongest(self, group: _Group, hit: int) -> int:
        """Among the first matches of the blocks deny comes before allow before pass."""
        if len(group.blocks) == 1:
            return self.owner[_lowest(hit)]
        firsts = [self.owner[_lowest(hit & block)] for block in group.blocks if hit & block]
        return min(firsts, key=self._rank)

    def _rank(self, number: int) -> tuple[int, tuple[int, int, int]]:
        rule = self.statements[number]
        assert isinstance(rule, Rule)
        rank = (Action.DENY, Action.ALLOW, Action.PASS).index(rule.action)
        return (rank, rule.origin.order)

    def alike(self, number: int) -> int:
        """The boxes of statements that allow as this one does, or deny."""
        return self._alike[self.allows[number]]

    def opposite(self, number: int) -> int:
        """The boxes of rules that allow where this one denies, or deny."""
        return self._alike[not self.allows[number]] & ~self.isolations

    def tier_of(self, number: int) -> int:
        """The boxes of the statement's tier."""
        bits = self.bits[number]
        if bits & self.normal:
            return self.normal
        return self.admin if bits & self.admin else self.baseline

    def surely_alike(self, number: int) -> int:
        """The boxes in which another statement would decide the same if this normal one did not."""
        statement = self.statements[number]
        if isinstance(statement, Rule) and statement.tier is Tier.NORMAL:
            normal = self.normal & self.alike(number)
            return normal if statement.action is Action.ALLOW else normal & ~self.isolations
        return 0

    def until(self, mask: int, number: int) -> int:
        """The boxes of a mask without those behind a statement of the normal tier, if it is one."""
        if number < 0 or not self.bits[number] & self.normal:
            return mask
        return mask & ((1 << self.bits[number].bit_length()) - 1)

    def matter(self, must: int) -> int:
        """The boxes that can still decide something where those of `must` match; requests aside."""
        plain = must & ~self.requests
        hit = self._reach(self._admin, plain)
        if hit and not self.passes & self.admin:
            return hit
        reached = hit or self.admin
        normal = plain & self.normal
        if normal:
            return reached | self.normal & (normal ^ normal - 1)
        hit = self._reach(self._baseline, plain)
        return reached | self.normal | (self.baseline & hit if hit else self.baseline)

    def _reach(self, groups: Sequence[_Group], plain: int) -> int:
        """The boxes up to the first that ends an ordered tier, whatever it does; 0 where none does.

        Those of blocks of one priority are all before the end of each.
        """
        for group in groups:
            hit = plain & group.mask
            if hit and len(group.blocks) == 1:
                return hit ^ hit - 1
            if hit:
                return (1 << group.mask.bit_length()) - 1
        return 0

    # --- what comes before ---------------------------------------------------------------------

    def group_of(self, number: int) -> _Group | None:
        """The blocks of the rule's priority, where there are several."""
        bits = self.bits[number]
        for group in (*self._admin, *self._baseline):
            if bits & group.mask and len(group.blocks) > 1:
                return group
        return None

    def rivals(self, number: int) -> int:
        """The boxes of other blocks of the rule's priority."""
        group = self.group_of(number)
        return 0 if group is None else group.mask & ~self._block(group, number)

    def earlier_in_block(self, number: int) -> int:
        """The boxes before a rule in its block, where its priority has several."""
        group = self.group_of(number)
        return 0 if group is None else self._block(group, number) & self._earlier(number)

    def before_blocks(self, number: int) -> int:
        """The boxes before all blocks of a rule's priority, where it has several."""
        group = self.group_of(number)
        return 0 if group is None else (group.mask & -group.mask) - 1

    def before(self, number: int) -> int:
        """The boxes that can decide what this statement matches, before it does."""
        return self._earlier(number) | self.rivals(number)

    def surely_before(self, number: int) -> int:
        """Those of them that keep it from deciding wherever they match, if nothing passes."""
        return self._earlier(number) & ~self.rivals(number)

    def _earlier(self, number: int) -> int:
        bits = self.bits[number]
        return (bits & -bits) - 1

    def _block(self, group: _Group, number: int) -> int:
        return next(block for block in group.blocks if block & self.bits[number])


def _allows(statement: Statement) -> bool:
    return isinstance(statement, Rule) and statement.action is not Action.DENY


def _decides(statement: Statement) -> bool:
    return not (isinstance(statement, Rule) and statement.action is Action.PASS)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
