"""Merges priorities that are asked one after the other into one block, and like steps into one.

A group of a single block decides by its first match, and so does the next: their concatenation does
the same. Priorities then cost nothing where no two blocks share one, and a run of rules that do the
same becomes one test of a mask.
"""

from collections.abc import Iterator
from itertools import groupby

from msgspec.structs import replace

from cpc.compiler.ir.nodes import Block, Decision, Group, Leaf, Program

__all__ = ["merge_blocks"]


def merge_blocks(program: Program) -> Program:
    """The program with neighbouring one-block groups joined, and neighbouring like steps."""
    return replace(program, ingress=_decision(program.ingress), egress=_decision(program.egress))


def _decision(decision: Decision) -> Decision:
    return replace(decision, leaves=tuple(_leaf(leaf) for leaf in decision.leaves))


def _leaf(leaf: Leaf) -> Leaf:
    return replace(
        leaf,
        prelude=_merge_steps(leaf.prelude),
        admin=tuple(_groups(leaf.admin)),
        normal=_merge_steps(leaf.normal),
        baseline=tuple(_groups(leaf.baseline)),
    )


def _groups(groups: tuple[Group, ...]) -> Iterator[Group]:
    for single, run in groupby(groups, key=lambda group: len(group) == 1):
        if single:
            yield (_merge_steps(tuple(step for (block,) in run for step in block)),)
        else:
            yield from (tuple(_merge_steps(block) for block in group) for group in run)


def _merge_steps(block: Block) -> Block:
    """Runs of steps with one verdict, reason and log as one step, clauses in the same order."""
    runs = groupby(block, key=lambda step: (step.verdict, step.reason, step.log))
    merged: list[Block] = [tuple(run) for _, run in runs]
    return tuple(
        replace(run[0], clauses=tuple(clause for step in run for clause in step.clauses))
        for run in merged
    )
