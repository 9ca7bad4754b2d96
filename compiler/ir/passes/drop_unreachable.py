"""Drops what can never decide, so that no code is made for it and no verdict waits behind it.

A rule for everybody ends its leaf: nothing after it is asked. A PASS at the end of its tier goes where
no match goes too. Clauses behind one that always fires are never the first, so they are never named;
other covered clauses stay: they cost a bit in a mask, and leaves that differ less share more.
"""

from msgspec.structs import replace

from cpc.compiler.ir.nodes import (
    ANY,
    Block,
    Clause,
    Decision,
    Group,
    Leaf,
    Program,
    Step,
    StepVerdict,
)

__all__ = ["drop_unreachable"]


def drop_unreachable(program: Program) -> Program:
    """The program without clauses, steps and tiers that cannot decide; final steps stay."""
    return replace(program, ingress=_decision(program.ingress), egress=_decision(program.egress))


def _decision(decision: Decision) -> Decision:
    return replace(decision, leaves=tuple(_leaf(leaf) for leaf in decision.leaves))


def _leaf(leaf: Leaf) -> Leaf:
    """Every tier behind one that always decides is empty."""
    prelude, ends = _block(leaf.prelude)
    admin, ends = ((), True) if ends else _tier(leaf.admin)
    normal, ends = ((), True) if ends else _block(leaf.normal)
    baseline, _ = ((), True) if ends else _tier(leaf.baseline)
    return Leaf(prelude, admin, normal, baseline, leaf.final)


def _always(clause: Clause) -> bool:
    return clause.subject == ANY and clause.peers == ANY and not clause.required


def _block(block: Block) -> tuple[Block, bool]:
    """The steps up to the first that always fires, and whether there is one."""
    kept: list[Step] = []
    for step in block:
        at = next((i for i, clause in enumerate(step.clauses) if _always(clause)), None)
        if at is not None:
            kept.append(replace(step, clauses=step.clauses[: at + 1]))
            return tuple(kept), True
        kept.append(step)
    return tuple(kept), False


def _tier(groups: tuple[Group, ...]) -> tuple[tuple[Group, ...], bool]:
    """The groups up to the first that always fires, and whether the tier always decides.

    A tier with a PASS in it may be left undecided, even where it always fires.
    """
    kept: list[Group] = []
    for group in groups:
        blocks = [_block(block) for block in group]
        kept.append(tuple(block for block, _ in blocks))
        if any(ends for _, ends in blocks):
            steps = [step for group in kept for block in group for step in block]
            decided = all(step.verdict is not StepVerdict.PASS for step in steps)
            return _without_last_passes(kept), decided
    return _without_last_passes(kept), False


def _without_last_passes(groups: list[Group]) -> tuple[Group, ...]:
    """The tier without the PASS steps that end the blocks of its last group, again and again.

    In a group of several blocks PASS wins over no outcome only, and behind the last group both go on.
    """
    while groups:
        cut = tuple(block for old in groups[-1] if (block := _without_last_pass(old)))
        if cut == groups[-1]:
            break
        groups = [*groups[:-1], cut] if cut else groups[:-1]
    return tuple(groups)


def _without_last_pass(block: Block) -> Block:
    while block and block[-1].verdict is StepVerdict.PASS:
        block = block[:-1]
    return block
