"""An expression as joints: its characters in their places, and which ones may come after which.

A set of joints is one integer, a bit for each. Besides characters there are the end, loops (which stand for
what they lead back to) and gates (positions such as `^` and `\\b`, open only between certain characters).
"""

from typing import assert_never

from msgspec import Struct, field

from cpc.compiler.policy.characters import PERL, Ranges, complement, union
from cpc.compiler.policy.expression_tree import (
    Characters,
    Choice,
    Expression,
    Position,
    Repeat,
    Sequence,
)
from cpc.compiler.verify.languages.alphabet import Bounds, bounds_of

__all__ = ["BETWEEN", "EDGE", "END", "Joints", "joints_of"]

END = 1
"""The set of the one joint behind the last character."""

BETWEEN, EDGE, LINE, WORD = range(4)
"""Kinds of what is beside a joint: some character, no character, a line feed, a letter of a word."""

_LINE = ((10, 10),)
_WORD = PERL["w"]
_KINDS = ((LINE, _LINE), (WORD, _WORD), (BETWEEN, complement(union([*_LINE, *_WORD]))))


def _open(place: str, before: int, after: int) -> bool:
    match place:
        case "start":
            return before == EDGE
        case "end":
            return after == EDGE
        case "line-start":
            return before in (EDGE, LINE)
        case "line-end":
            return after in (EDGE, LINE)
        case "word-edge":
            return (before == WORD) is not (after == WORD)
        case _:
            return (before == WORD) is (after == WORD)


class Joints(Struct):
    """`first` are the joints that may come first. Joint `i` has `bounds[i]` and then `after[i]`.

    `loops` and `gates` are the sets of those joints: a loop's `after` is what it stands for, a gate has its
    place in `places`. Characters in `never` are in no text (`bounds_of`).
    `steps` counts the loops and gates that were looked through.
    """

    never: Ranges = ()
    first: int = 0
    bounds: list[Bounds] = field(default_factory=lambda: [()])
    after: list[int] = field(default_factory=lambda: [0])
    places: dict[int, str] = field(default_factory=dict)
    loops: int = 0
    gates: int = 0
    steps: int = 0

    def kinds(self) -> list[tuple[int, Bounds]]:
        """The characters of each kind."""
        return [(kind, bounds_of(ranges, self.never)) for kind, ranges in _KINDS]

    def without_loops(self, joints: int) -> int:
        """The set with what its loops stand for in their place."""
        found, seen = joints, 0
        while pending := found & self.loops & ~seen:
            loop = pending & -pending
            seen |= loop
            self.steps += 1
            found |= self.after[loop.bit_length() - 1]
        return found & ~self.loops

    def passed(self, joints: int, before: int, after: int) -> int:
        """A set without loops, with what is behind its open gates in their place."""
        found, seen = joints, 0
        while pending := found & self.gates & ~seen:
            gate = pending & -pending
            seen |= gate
            self.steps += 1
            at = gate.bit_length() - 1
            if _open(self.places[at], before, after):
                found |= self.without_loops(self.after[at])
        return found & ~self.gates


def joints_of(tree: Expression, never: Ranges = ()) -> Joints:
    """The joints of a tree."""
    joints = Joints(never)
    joints.first = joints.without_loops(_enter(joints, tree, END))
    return joints


def _joint(joints: Joints, bounds: Bounds, after: int) -> int:
    joints.bounds.append(bounds)
    joints.after.append(after)
    return 1 << (len(joints.after) - 1)


def _enter(joints: Joints, tree: Expression, after: int) -> int:
    """Adds the tree's joints, in front of `after`; the set of those that may come first."""
    match tree:
        case Characters(ranges):
            return _joint(joints, bounds_of(ranges, joints.never), after)
        case Position(place):
            gate = _joint(joints, (), after)
            joints.places[gate.bit_length() - 1] = place
            joints.gates |= gate
            return gate
        case Sequence(parts):
            for part in reversed(parts):
                after = _enter(joints, part, after)
            return after
        case Choice(options):
            found = 0
            for option in options:
                found |= _enter(joints, option, after)
            return found
        case Repeat(part, low, high):
            return _repeat(joints, part, low, high, after)
        case _:
            assert_never(tree)


def _repeat(joints: Joints, part: Expression, low: int, high: int | None, after: int) -> int:
    """Optional copies nest, each in front of the next, so that a joint leads to few others."""
    if _may_be_empty(part):
        part, low = _not_empty(part), 0
    if high is None:
        loop = _joint(joints, (), 0)
        joints.loops |= loop
        start = _enter(joints, part, after | loop)
        joints.after[loop.bit_length() - 1] = start
        after = start if low else after | start
        low -= 1
    else:
        end = after
        for _ in range(high - low):
            after = _enter(joints, part, after) | end
    for _ in range(low):
        after = _enter(joints, part, after)
    return after


def _may_be_empty(tree: Expression) -> bool:
    """Whether the empty text matches, whatever is around it."""
    match tree:
        case Characters() | Position():
            return False
        case Sequence(parts):
            return all(map(_may_be_empty, parts))
        case Choice(options):
            return any(map(_may_be_empty, options))
        case Repeat(part, low, _):
            return low == 0 or _may_be_empty(part)
        case _:
            assert_never(tree)


def _not_empty(tree: Expression) -> Expression:
    """What repeats alike, and matches the empty text less often: `(a?)*` is `a*`."""
    match tree:
        case Choice(options):
            return Choice(tuple(_not_empty(o) for o in options))
        case Sequence((only,)):
            return _not_empty(only)
        case Sequence(()):
            return Characters(())
        case Repeat(part, low, high) if low == 0 and (high is None or high > 0):
            part = _not_empty(part)
            return part if high == 1 else Repeat(part, 1, high)
        case _:
            return tree
