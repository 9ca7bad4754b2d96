"""Passes over the decision IR: each keeps the meaning, names included, and may be left out."""

from collections.abc import Callable, Sequence

from cpc.compiler.ir.check import check
from cpc.compiler.ir.nodes import Program
from cpc.compiler.ir.number import numbered
from cpc.compiler.ir.passes.drop_unreachable import drop_unreachable
from cpc.compiler.ir.passes.merge_blocks import merge_blocks
from cpc.compiler.ir.passes.merge_leaves import merge_leaves

__all__ = ["PASSES", "run"]

PASSES: tuple[Callable[[Program], Program], ...] = (
    drop_unreachable,
    merge_blocks,  # after what never fires is gone: fewer steps stand between two that are alike
    merge_leaves,  # last: the others make leaves equal
)


def run(program: Program, passes: Sequence[Callable[[Program], Program]] = PASSES) -> Program:
    """The program after every pass, numbered and checked after each."""
    check(program)
    for one in passes:
        program = check(numbered(one(program)))
    return program
