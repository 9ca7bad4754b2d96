"""From a verified policy to the decision IR: selectors become bits, ports become intervals.

The steps of a leaf follow `policy.semantics` one by one. Two things of the meaning stay outside: an
endpoint's connection to itself, which the datapath allows before it asks, and the audit of subjects,
which no policy that gets here has.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from cpc.compiler.errors import InternalError
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
from cpc.compiler.ir.number import numbered
from cpc.compiler.ir.table import Table, shown
from cpc.compiler.policy.model import (
    Action,
    Direction,
    Entity,
    EntityTerm,
    Fqdn,
    Mode,
    NamedPort,
    Policy,
    PortRange,
    Rule,
    ServiceTerm,
    Term,
    Tier,
)
from cpc.compiler.policy.semantics import Reason, takes_requirements

if TYPE_CHECKING:
    from cpc.compiler.verify.verified import VerifiedPolicy

__all__ = ["lower"]

_HOST = EntityTerm(Entity.HOST)
_VERDICTS = {
    Action.DENY: StepVerdict.DENY,
    Action.ALLOW: StepVerdict.ALLOW,
    Action.PASS: StepVerdict.PASS,
}


def lower(verified: "VerifiedPolicy") -> Program:
    """The program of a policy: bits in the order of first use, sites numbered from 1."""
    policy = verified.policy
    _refuse_unenforced(policy)
    table = Table(shown(policy))
    if policy.allow_host:
        table.peers([_HOST])
    halves = [
        _Half(rule, clauses)
        for rule in policy.rules
        if (clauses := tuple(_rule_clauses(table, policy, rule)))
    ]
    ingress = _direction(table, policy, halves, Direction.INGRESS)
    egress = _direction(table, policy, halves, Direction.EGRESS)
    return numbered(
        Program(
            tuple(table.subjects),
            tuple(table.terms),
            ingress,
            egress,
            tuple(table.entries),
            policy.port_names,
        )
    )


def _refuse_unenforced(policy: Policy) -> None:
    """`compile` has told the user; a policy that still has such parts was never verified."""
    staged = [
        *(rule.staged for rule in policy.rules),
        *(isolation.staged for isolation in policy.isolations),
        *(requirement.staged for requirement in policy.requirements),
    ]
    if policy.audits or any(staged):
        raise InternalError("an audit or staged part reached `lower`")
    if any(rule.l7 is not None for rule in policy.rules):
        raise InternalError("a rule with a request part reached `lower`")
    selectors = [s for rule in policy.rules for s in (rule.subject, rule.peers)]
    selectors += [i.subject for i in policy.isolations]
    selectors += [s for r in policy.requirements for s in (r.subject, r.peers)]
    if any(_unenforced(term) for selector in selectors for term in selector):
        raise InternalError("a service or fqdn selector reached `lower`")


def _unenforced(term: Term) -> bool:
    if isinstance(term, NamedPort):
        return _unenforced(term.term)
    return isinstance(term, ServiceTerm | Fqdn)


class _Half(Struct, frozen=True):
    """A rule that can match something, with its clauses."""

    rule: Rule
    clauses: tuple[Clause, ...]


def _rule_clauses(table: Table, policy: Policy, rule: Rule) -> Iterator[Clause]:
    """The clauses of one half: none where it matches nothing; two where part of it is required."""
    number = table.rule(rule.origin, Reason.RULE, rule.action)
    subject = table.subject(rule.subject)
    if subject is None or rule.ports == ():
        return
    narrowed = (
        rule.tier is Tier.NORMAL
        and rule.action is Action.ALLOW
        and any(r.direction is rule.direction for r in policy.requirements)
    )
    free = [t for t in rule.peers if not (narrowed and takes_requirements(t))]
    bound = [t for t in rule.peers if narrowed and takes_requirements(t)]
    for terms, required in ((free, False), (bound, True)):
        mask = table.peers(terms)
        if mask:
            yield Clause(subject, mask, required, number)


def _direction(
    table: Table, policy: Policy, halves: Sequence[_Half], direction: Direction
) -> Decision:
    ours = [half for half in halves if half.rule.direction is direction]
    if policy.mode is Mode.NEVER:
        ours = []
    frame = _Frame(table, policy, direction)
    leaves: dict[tuple[int, ...], int] = {}
    starts: list[int] = []
    index: list[int] = []
    built: list[Leaf] = []
    everywhere = [i for i, half in enumerate(ours) if half.rule.ports is None]
    for start, active in _intervals(ours):
        number = leaves.get(active)
        if number is None:
            number = leaves[active] = len(built)
            built.append(frame.leaf([ours[i] for i in sorted([*everywhere, *active])]))
        if not index or index[-1] != number:
            starts.append(start)
            index.append(number)
    return Decision(
        direction,
        tuple(starts),
        tuple(index),
        tuple(built),
        _requirements(table, policy, direction),
    )


def _key_range(ports: PortRange) -> tuple[int, int]:
    """The service keys of a port range: first, and one past the last."""
    base = ports.protocol << 16
    return base | ports.low, (base | ports.high) + 1


def _intervals(halves: Sequence[_Half]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The intervals of service keys between which no rule with ports begins or ends to match.

    Each as its first key and the ascending numbers of the rules with ports that match in it.
    """
    ranges = [
        (number, *_key_range(ports))
        for number, half in enumerate(halves)
        for ports in half.rule.ports or ()
    ]
    cuts = sorted({0, *(first for _, first, _ in ranges), *(end for _, _, end in ranges)})
    active: list[list[int]] = [[] for _ in cuts]
    for number, first, end in ranges:
        for at in range(bisect_left(cuts, first), bisect_left(cuts, end)):
            if not active[at] or active[at][-1] != number:
                active[at].append(number)
    return ((start, tuple(numbers)) for start, numbers in zip(cuts, active, strict=True))


def _requirements(
    table: Table, policy: Policy, direction: Direction
) -> tuple[tuple[int, int], ...]:
    found: dict[tuple[int, int], None] = {}
    for requirement in policy.requirements:
        if requirement.direction is direction:
            subject = table.subject(requirement.subject)
            if subject is not None:
                found.setdefault((subject, table.peers(requirement.peers)))
    return tuple(found)


class _Frame:
    """What all leaves of one direction share: the local host, isolation and the mode."""

    def __init__(self, table: Table, policy: Policy, direction: Direction) -> None:
        self._prelude: Block = ()
        if policy.allow_host and direction is Direction.INGRESS:
            entry = table.fact("allow-host", Reason.HOST, Action.ALLOW)
            host = Clause(ANY, table.peers([_HOST]), False, entry)
            self._prelude = (_step(StepVerdict.ALLOW, Reason.HOST, (host,)),)
        isolating = tuple(
            Clause(subject, ANY, False, table.rule(i.origin, Reason.DEFAULT, Action.DENY))
            for i in policy.isolations
            if i.direction is direction and (subject := table.subject(i.subject)) is not None
        )
        self._isolation: Block = ()
        if isolating and policy.mode is not Mode.NEVER:
            self._isolation = (_step(StepVerdict.DENY, Reason.DEFAULT, isolating),)
        action = Action.DENY if policy.mode is Mode.ALWAYS else Action.ALLOW
        mode = Clause(ANY, ANY, False, table.fact(f"mode {policy.mode}", Reason.MODE, action))
        self._final = _step(_VERDICTS[action], Reason.MODE, (mode,))

    def leaf(self, halves: Sequence[_Half]) -> Leaf:
        """The leaf of the keys that exactly these rules match, given in the order of rules."""
        normal = [half for half in halves if half.rule.tier is Tier.NORMAL]
        deny = [half for half in normal if half.rule.action is Action.DENY]
        allow = [half for half in normal if half.rule.action is Action.ALLOW]
        return Leaf(
            self._prelude,
            _groups(half for half in halves if half.rule.tier is Tier.ADMIN),
            (*_steps(deny), *_steps(allow), *self._isolation),
            _groups(half for half in halves if half.rule.tier is Tier.BASELINE),
            self._final,
        )


def _step(
    verdict: StepVerdict, reason: Reason, clauses: tuple[Clause, ...], log: bool = False
) -> Step:
    return Step(0, verdict, reason, clauses, log)


def _steps(halves: Iterable[_Half]) -> Iterator[Step]:
    """One step for each run of rules that do the same."""
    for (action, log), run in groupby(halves, key=lambda half: (half.rule.action, half.rule.log)):
        clauses = tuple(clause for half in run for clause in half.clauses)
        yield _step(_VERDICTS[action], Reason.RULE, clauses, log)


def _groups(halves: Iterable[_Half]) -> tuple[Group, ...]:
    """The groups of a tier by ascending priority, their blocks as `_blocks` orders them."""
    by_priority = sorted(halves, key=lambda half: half.rule.priority)
    return tuple(
        _blocks(list(group)) for _, group in groupby(by_priority, key=lambda h: h.rule.priority)
    )


def _blocks(halves: Sequence[_Half]) -> Group:
    """The blocks of one priority in the order of rules, so that of equal outcomes the first is named.

    That is the order of rules only because a block is written in one place: no rule of another
    block stands between two of its own.
    """
    ordered = sorted(halves, key=lambda half: (half.rule.block, half.rule.index))
    blocks = [list(run) for _, run in groupby(ordered, key=lambda half: half.rule.block)]
    blocks.sort(key=lambda block: min(half.rule.origin.order for half in block))
    for earlier, later in pairwise(blocks):
        last = max(half.rule.origin.order for half in earlier)
        if last > min(half.rule.origin.order for half in later):
            raise InternalError("two blocks of one priority are written into one another")
    return tuple(tuple(_steps(block)) for block in blocks)
