"""The invariants of the decision IR, checked after lowering and after every pass."""

from collections.abc import Iterator
from itertools import pairwise

from cpc.compiler.errors import InternalError
from cpc.compiler.ir.nodes import (
    ANY,
    KEY_END,
    Block,
    Clause,
    Decision,
    Leaf,
    Program,
    Step,
    StepVerdict,
)
from cpc.compiler.policy.model import Action, Direction
from cpc.compiler.policy.semantics import Reason

__all__ = ["check", "faults"]

_ACTIONS = {
    StepVerdict.DENY: Action.DENY,
    StepVerdict.ALLOW: Action.ALLOW,
    StepVerdict.PASS: Action.PASS,
}


def check(program: Program) -> Program:
    """The program itself; InternalError with every broken invariant if it breaks one."""
    broken = list(faults(program))
    if broken:
        raise InternalError("broken decision IR: " + "; ".join(broken))
    return program


def faults(program: Program) -> Iterator[str]:
    """Each broken invariant in a few words."""
    if program.ingress.direction is not Direction.INGRESS:
        yield "ingress is not ingress"
    if program.egress.direction is not Direction.EGRESS:
        yield "egress is not egress"
    for what, values in (("subjects", program.subjects), ("peers", program.peers)):
        if len(set(values)) != len(values):
            yield f"{what} are not unique"
    seen: set[int] = set()
    known: set[tuple[int, Reason, StepVerdict]] = set()
    for decision in (program.ingress, program.egress):
        yield from _decision(program, decision)
        for leaf in decision.leaves:
            yield from _leaf(leaf)
            for step in leaf.steps():
                yield from _step(program, step, known)
                if step.site in seen or step.site < 1:
                    yield f"site {step.site} is not unique, or not positive"
                seen.add(step.site)


def _decision(program: Program, decision: Decision) -> Iterator[str]:
    starts, index = decision.starts, decision.index
    if not starts or starts[0] != 0 or len(starts) != len(index):
        yield f"{decision.direction}: no interval starts at 0, or an interval has no leaf"
    if any(a >= b for a, b in pairwise(starts)) or starts[-1] >= KEY_END:
        yield f"{decision.direction}: starts are not ascending service keys"
    if any(a == b for a, b in pairwise(index)):
        yield f"{decision.direction}: neighbours share a leaf"
    if set(index) != set(range(len(decision.leaves))):
        yield f"{decision.direction}: a leaf is unused or missing"
    for subject, peers in decision.requirements:
        if not _subject_ok(program, subject) or not (peers == 0 or _mask_ok(program, peers)):
            yield f"{decision.direction}: a requirement names bits that are not there"


def _subject_ok(program: Program, subject: int) -> bool:
    return subject == ANY or 0 <= subject < len(program.subjects)


def _mask_ok(program: Program, mask: int) -> bool:
    return mask == ANY or 0 < mask < 1 << len(program.peers)


def _leaf(leaf: Leaf) -> Iterator[str]:
    yield from _tiers(leaf)
    for block in (leaf.prelude, leaf.normal, (leaf.final,)):
        if any(step.verdict is StepVerdict.PASS for step in block):
            yield "a PASS outside of the ordered tiers"
    if not any(_always(clause) for clause in leaf.final.clauses):
        yield "the final step may not fire"
    allowing = {step.site for step in leaf.normal if step.verdict is StepVerdict.ALLOW}
    for step in leaf.steps():
        if step.site not in allowing and any(clause.required for clause in step.clauses):
            yield "requirements outside of a normal allow"


def _always(clause: Clause) -> bool:
    return clause.subject == ANY and clause.peers == ANY and not clause.required


def _tiers(leaf: Leaf) -> Iterator[str]:
    for group in (*leaf.admin, *leaf.baseline):
        if not group or not all(group):
            yield "an empty group or block"
    blocks: list[Block] = [block for group in (*leaf.admin, *leaf.baseline) for block in group]
    if any(step.reason is not Reason.RULE for block in blocks for step in block):
        yield "an ordered tier has a step that is no rule's"


def _step(
    program: Program, step: Step, known: set[tuple[int, Reason, StepVerdict]]
) -> Iterator[str]:
    """`known` are clauses seen in steps of a kind, by identity: leaves share most of theirs."""
    if not step.clauses:
        yield f"site {step.site} has no clause"
    for clause in step.clauses:
        key = (id(clause), step.reason, step.verdict)
        if key in known:
            continue
        known.add(key)
        yield from (f"site {step.site} {fault}" for fault in _clause(program, step, clause))


def _clause(program: Program, step: Step, clause: Clause) -> Iterator[str]:
    if clause.required and clause.peers == ANY:
        yield "requires something of a peer that is not named by labels"
    if not _subject_ok(program, clause.subject) or not _mask_ok(program, clause.peers):
        yield "names bits that are not there"
    if not 0 <= clause.rule < len(program.rules):
        yield "names a rule that is not there"
        return
    entry = program.rules[clause.rule]
    if entry.reason is not step.reason or entry.verdict is not _ACTIONS[step.verdict]:
        yield f"is not of the kind of its rule `{entry.name}`"
