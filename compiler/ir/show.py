"""A program as short, stable text: what golden files hold and people debug with."""

from collections.abc import Iterator

from cpc.compiler.ir.nodes import ANY, Block, Clause, Decision, Group, Leaf, Program, Step
from cpc.compiler.ir.words import key_words, selector_words, term_words

__all__ = ["show"]


def show(program: Program) -> str:
    """The text of a program; equal programs have equal texts."""
    return "\n".join(_program(program)) + "\n"


def _program(program: Program) -> Iterator[str]:
    yield "subjects"
    yield from (f"  s{i} {selector_words(s)}" for i, s in enumerate(program.subjects))
    yield "peers"
    yield from (f"  p{i} {term_words(t)}" for i, t in enumerate(program.peers))
    yield "rules"
    for i, rule in enumerate(program.rules):
        place = f" at {rule.file}:{rule.line}:{rule.column}" if rule.file else ""
        yield f"  r{i} {rule.verdict} {rule.name} ({rule.reason}){place}"
    yield from _decision(program.ingress)
    yield from _decision(program.egress)


def _decision(decision: Decision) -> Iterator[str]:
    yield str(decision.direction)
    for subject, peers in decision.requirements:
        yield f"  require {_subject(subject)} {_peers(peers)}"
    for start, leaf in zip(decision.starts, decision.index, strict=True):
        yield f"  {start:#09x} {key_words(start)} -> leaf {leaf}"
    for number, leaf_ in enumerate(decision.leaves):
        yield f"  leaf {number}"
        yield from _leaf(leaf_)


def _leaf(leaf: Leaf) -> Iterator[str]:
    yield from _block("prelude", leaf.prelude)
    yield from _groups("admin", leaf.admin)
    yield from _block("normal", leaf.normal)
    yield from _groups("baseline", leaf.baseline)
    yield from _block("final", (leaf.final,))


def _groups(tier: str, groups: tuple[Group, ...]) -> Iterator[str]:
    for group in groups:
        for number, block in enumerate(group):
            yield from _block(f"{tier} block {number}" if number else tier, block)


def _block(title: str, block: Block) -> Iterator[str]:
    if block:
        yield f"    {title}"
        yield from (f"      {_step(step)}" for step in block)


def _step(step: Step) -> str:
    clauses = " | ".join(_clause(clause) for clause in step.clauses)
    log = " log" if step.log else ""
    return f"{step.site} {step.verdict.name.lower()} {step.reason}{log}: {clauses}"


def _clause(clause: Clause) -> str:
    required = " required" if clause.required else ""
    return f"{_subject(clause.subject)} {_peers(clause.peers)}{required} r{clause.rule}"


def _subject(subject: int) -> str:
    return "every" if subject == ANY else f"s{subject}"


def _peers(mask: int) -> str:
    if mask == ANY:
        return "any"
    return "+".join(f"p{i}" for i in range(mask.bit_length()) if mask >> i & 1) or "none"
