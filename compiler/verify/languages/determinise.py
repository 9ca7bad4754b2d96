"""From joints to an automaton: a state for each set of joints that a beginning of a text may lead to."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from cpc.compiler.verify.languages.alphabet import LAST_NUMBER, Bounds
from cpc.compiler.verify.languages.automaton import DEAD
from cpc.compiler.verify.languages.joints import BETWEEN, EDGE, END, Joints
from cpc.compiler.verify.languages.limits import Allowance
from cpc.compiler.verify.languages.minimise import Table
from cpc.compiler.verify.languages.stars import idle_joints

__all__ = ["determinise"]


def determinise(joints: Joints, limit: int) -> Table | None:
    """The automaton's table, not the smallest; None: over `limit` states, or too much in them."""
    states = (_Gated if joints.gates else _States)(joints, Allowance(limit))
    numbers = {states.first(): 0}
    table = Table()
    for state in (queue := [states.first()]):
        starts, targets = list[int](), list[int]()
        try:
            runs = list(states.successors(state))
        except _Spent:
            return None
        for start, successor in runs:
            if not successor[0]:
                target = DEAD
            elif (target := numbers.get(successor, DEAD)) == DEAD:
                target = numbers[successor] = len(queue)
                queue.append(successor)
            if not targets or target != targets[-1]:
                starts.append(start)
                targets.append(target)
        table.add(starts, targets, states.accepts(state))
        if len(queue) > limit:
            return None
    return table


_State: TypeAlias = tuple[int, int]
"""A set of joints without loops, and the kind of the last character if the set has gates."""

_Steps: TypeAlias = Mapping[Bounds, int]
"""For each set of characters the joints that one of them leads to."""


class _Spent(Exception):
    """More was looked at than allowed."""


class _States:
    """States of joints without gates."""

    def __init__(self, joints: Joints, allowance: Allowance) -> None:
        self._joints = joints
        self._allowance = allowance
        self._after: dict[int, int] = {}
        self._idle = idle_joints(joints)

    def first(self) -> _State:
        return self._without_idle(self._joints.first), BETWEEN

    def accepts(self, state: _State) -> bool:
        return bool(state[0] & END)

    def successors(self, state: _State) -> Iterator[tuple[int, _State]]:
        """(first character, state) for ascending runs of characters, from 0."""
        for start, after in self._runs(self._steps(state[0])):
            yield start, (after, BETWEEN)

    def _steps(self, joints: int) -> _Steps:
        steps: dict[Bounds, int] = {}
        joints &= ~END
        self._spend(joints.bit_count())
        while joints:
            one = joints & -joints
            joints ^= one
            at = one.bit_length() - 1
            after = self._after.get(at)
            if after is None:
                after = self._after[at] = self._joints.without_loops(self._joints.after[at])
            bounds = self._joints.bounds[at]
            steps[bounds] = steps.get(bounds, 0) | after
        return steps

    def _runs(self, steps: _Steps) -> Iterator[tuple[int, int]]:
        """(first character, joints) of the runs that lie in each set wholly or not at all."""
        starts = sorted({0}.union(*steps) - {LAST_NUMBER + 1})
        places = {start: place for place, start in enumerate(starts)}
        places[LAST_NUMBER + 1] = len(starts)
        found = [0] * len(starts)
        for bounds, after in steps.items():
            for low, end in zip(bounds[::2], bounds[1::2], strict=True):
                run = range(places[low], places[end])
                self._spend(len(run))
                for place in run:
                    found[place] |= after
        return zip(starts, map(self._without_idle, found), strict=True)

    def _without_idle(self, joints: int) -> int:
        if joints & END:
            for star, idle in self._idle.items():
                if joints & star:
                    joints &= ~idle
        return joints

    def _spend(self, steps: int) -> None:
        steps += self._joints.steps
        self._joints.steps = 0
        if not self._allowance.spend(steps):
            raise _Spent


class _Gated(_States):
    """States of joints with gates: a gate opens by the kinds of the characters on its sides."""

    def __init__(self, joints: Joints, allowance: Allowance) -> None:
        super().__init__(joints, allowance)
        self._kinds = joints.kinds()

    def first(self) -> _State:
        return self._without_idle(self._joints.first), EDGE

    def accepts(self, state: _State) -> bool:
        return bool(self._joints.passed(*state, EDGE) & END)

    def successors(self, state: _State) -> Iterator[tuple[int, _State]]:
        found: list[tuple[int, _State]] = []
        for kind, characters in self._kinds:
            steps = self._steps(self._joints.passed(*state, kind))
            for start, after in self._runs({characters: 0, **steps}):
                if bisect_right(characters, start) & 1:
                    gated = after & self._joints.gates
                    found.append((start, (after, kind if gated else BETWEEN)))
        return iter(sorted(found))
