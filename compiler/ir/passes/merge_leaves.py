"""Merges leaves that decide alike, so that each is code once; then intervals that meet in one leaf.

Ports of a rule that can never decide make leaves that differ from their neighbours by nothing.
"""

from msgspec.structs import replace

from cpc.compiler.ir.nodes import Decision, Leaf, Program
from cpc.compiler.ir.number import unnumbered

__all__ = ["merge_leaves"]


def merge_leaves(program: Program) -> Program:
    """The program with leaves unique but for their sites, and neighbouring intervals different."""
    return replace(program, ingress=_decision(program.ingress), egress=_decision(program.egress))


def _decision(decision: Decision) -> Decision:
    numbers: dict[Leaf, int] = {}
    starts: list[int] = []
    index: list[int] = []
    new = [numbers.setdefault(unnumbered(leaf), len(numbers)) for leaf in decision.leaves]
    for start, old in zip(decision.starts, decision.index, strict=True):
        if not index or index[-1] != new[old]:
            starts.append(start)
            index.append(new[old])
    return replace(decision, starts=tuple(starts), index=tuple(index), leaves=tuple(numbers))
