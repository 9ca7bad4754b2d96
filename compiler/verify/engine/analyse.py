"""Every finding of a policy about how its rules hang together."""

from collections.abc import Iterable, Iterator, Sequence

from cpc.compiler.policy.model import Direction, Mode, Policy
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.boxes import space_of
from cpc.compiler.verify.engine.grid import Grid
from cpc.compiler.verify.engine.judge import Judge
from cpc.compiler.verify.engine.memory import Memory, Recalled
from cpc.compiler.verify.engine.parts import Needs, Part, part_of, parts
from cpc.compiler.verify.findings import Finding, in_order
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["analyse"]


def analyse(
    policy: Policy, notes: bool = True, memory: Memory | None = None
) -> tuple[Finding, ...]:
    """The findings of a policy in the open world, in the order of its rules.

    Exact: over unions of rules, tiers, isolation, requirements and requests. Rules found redundant can be
    removed together, and those without effect with them unless another block has their priority: a rule
    that decides nothing may keep others of its block from contesting there. `notes` adds how rules overlap.
    What `memory` knows of a part is not looked for again.
    """
    if policy.mode is Mode.NEVER:
        return ()
    policy = without_staged(policy)
    requests = RequestSpace()
    found: list[Finding] = []
    for direction in Direction:
        found += _of_direction(policy, direction, notes, requests, memory)
    return in_order(found)


def _of_direction(
    policy: Policy,
    direction: Direction,
    notes: bool,
    requests: RequestSpace,
    memory: Memory | None,
) -> Iterable[Finding]:
    """As `analyse`; the direction as a whole may be as it was, too."""
    gone: set[int] = set()

    def recalled(part: Part) -> "Recalled[Judge]":
        def ask() -> Judge:
            if memory is not None:
                memory.asked += len(part.policy.rules)
            grid = Grid(part.policy, direction, space_of([part.policy]))
            return Judge(grid, part.home, requests, gone)

        known = None if memory is None else memory.of(part, direction)
        return Recalled(part, known, gone, ask)

    def found(whole: Part) -> Iterator[Finding]:
        needs = Needs() if memory is None else memory.needs
        yield from _in_parts([recalled(part) for part in parts(whole, needs)], notes, gone)
        if memory is not None:
            memory.forget(direction)

    whole = part_of(policy, direction)
    known = None if memory is None else memory.of(whole, direction)
    return Recalled(whole, known, set(), lambda: whole).ask(f"all, notes: {notes}", (), found)


def _in_parts(asked: "Sequence[Recalled[Judge]]", notes: bool, gone: set[int]) -> Iterator[Finding]:
    for one in asked:
        yield from one.ask("effects", (), lambda part: part.without_effect)
    idle = frozenset(gone)
    for one in asked:
        yield from one.ask("redundant", gone, lambda part: part.redundant())
    for one in asked:
        if notes:
            yield from one.ask("pairs", idle, lambda part: part.pairs(idle))
        yield from one.ask("contradictions", (), lambda part: part.contradictions())
        yield from one.ask("exposed", (), lambda part: part.exposed())
