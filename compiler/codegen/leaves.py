"""A leaf as a C function: its steps in order, a PASS as a jump, blocks of one priority compared."""

from collections.abc import Callable

from msgspec import Struct, field

from cpc.compiler.codegen.calls import Call, parameters, uses
from cpc.compiler.codegen.view import Branch, LeafFunction, Section
from cpc.compiler.ir.nodes import Block, Group, Leaf, Step, StepVerdict

__all__ = ["Leaves"]

_AFTER_ADMIN = "normal"
_AFTER_BASELINE = "mode"


def _returns(step: Step) -> str:
    """What a step that decides returns."""
    what = "CPC_ALLOW" if step.verdict is StepVerdict.ALLOW else "CPC_DENY"
    return f"CPC_DECISION({step.site}, {what}{' | CPC_LOG' if step.log else ''})"


class _Draft(Struct):
    """Sections so far, and what they call."""

    sections: list[Section] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    passes: bool = False


class Leaves:
    """The leaf functions of one direction; `tests` gives the call for a step."""

    def __init__(self, direction: str, tests: Callable[[Step], tuple[str, list[Call]]]) -> None:
        self._direction = direction
        self._tests = tests
        self.functions: list[LeafFunction] = []

    def add(self, number: int, leaf: Leaf, comment: str) -> Call:
        """Adds leaf `number` with its blocks; the call of it."""
        name = f"cpc_{self._direction}_{number}"
        draft = _Draft()
        self._steps(draft, "", leaf.prelude, _AFTER_ADMIN)
        self._tier(draft, name, leaf.admin, _AFTER_ADMIN)
        self._steps(draft, _AFTER_ADMIN if draft.passes else "", leaf.normal, _AFTER_ADMIN)
        draft.passes = False
        self._tier(draft, f"{name}_baseline", leaf.baseline, _AFTER_BASELINE)
        if draft.passes:
            draft.sections.append(Section(_AFTER_BASELINE))
        return self._function(name, comment, draft, _returns(leaf.final))

    def _steps(self, draft: _Draft, label: str, block: Block, passed: str) -> None:
        tests: list[Branch] = []
        for step in block:
            test, calls = self._tests(step)
            draft.calls += calls
            if step.verdict is StepVerdict.PASS:
                draft.passes = True
                tests.append(Branch(test, (f"goto {passed}",)))
            else:
                tests.append(Branch(test, (f"return {_returns(step)}",)))
        if label or tests:
            draft.sections.append(Section(label, tuple(tests)))

    def _tier(self, draft: _Draft, name: str, groups: tuple[Group, ...], passed: str) -> None:
        for number, group in enumerate(groups):
            if len(group) == 1:
                self._steps(draft, "", group[0], passed)
                continue
            calls = [self._block(f"{name}_{number}_{i}", block) for i, block in enumerate(group)]
            draft.calls += calls
            passing = any(s.verdict is StepVerdict.PASS for block in group for s in block)
            draft.passes = draft.passes or passing
            label = passed if passing else ""
            draft.sections.append(Section(blocks=tuple(map(str, calls)), passed=label))

    def _block(self, name: str, block: Block) -> Call:
        """One block of several: its outcome, which decides nothing yet."""
        draft = _Draft()
        tests: list[Branch] = []
        for step in block:
            test, calls = self._tests(step)
            draft.calls += calls
            outcome = "CPC_PASSED" if step.verdict is StepVerdict.PASS else _returns(step)
            tests.append(Branch(test, (f"return {outcome}",)))
        draft.sections.append(Section(steps=tuple(tests)))
        return self._function(name, "one block of its priority", draft, "CPC_UNDECIDED")

    def _function(self, name: str, comment: str, draft: _Draft, final: str) -> Call:
        needs = uses(draft.calls)
        chooses = any(section.blocks for section in draft.sections)
        self.functions.append(
            LeafFunction(name, parameters(needs), comment, chooses, tuple(draft.sections), final)
        )
        return Call(name, needs)
