"""Sites: a number for every step, given last, so that equal leaves can be found before."""

from collections.abc import Iterator
from itertools import count

from msgspec.structs import replace

from cpc.compiler.ir.nodes import Block, Decision, Group, Leaf, Program, Step

__all__ = ["numbered", "unnumbered"]


def numbered(program: Program) -> Program:
    """The program with its sites numbered from 1: ingress first, leaf by leaf, in the order asked."""
    sites = count(1)
    return replace(
        program,
        ingress=_decision(program.ingress, sites),
        egress=_decision(program.egress, sites),
    )


def unnumbered(leaf: Leaf) -> Leaf:
    """The leaf with every site 0: equal for leaves that decide alike."""
    return _leaf(leaf, None)


def _decision(decision: Decision, sites: Iterator[int]) -> Decision:
    return replace(decision, leaves=tuple(_leaf(leaf, sites) for leaf in decision.leaves))


def _leaf(leaf: Leaf, sites: Iterator[int] | None) -> Leaf:
    return Leaf(
        prelude=_block(leaf.prelude, sites),
        admin=_groups(leaf.admin, sites),
        normal=_block(leaf.normal, sites),
        baseline=_groups(leaf.baseline, sites),
        final=_step(leaf.final, sites),
    )


def _groups(groups: tuple[Group, ...], sites: Iterator[int] | None) -> tuple[Group, ...]:
    return tuple(tuple(_block(block, sites) for block in group) for group in groups)


def _block(block: Block, sites: Iterator[int] | None) -> Block:
    return tuple(_step(step, sites) for step in block)


def _step(step: Step, sites: Iterator[int] | None) -> Step:
    return replace(step, site=0 if sites is None else next(sites))
