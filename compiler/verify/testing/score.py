"""The mutation score: which slips in a policy its tests would notice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.model import Matcher, Policy
from cpc.compiler.policy.semantics import Algebra, Verdict
from cpc.compiler.verify.testing.cases import CaseResult, Cases, satisfied
from cpc.compiler.verify.testing.mutants import Mutant
from cpc.compiler.verify.testing.worlds import Sides, Undecided, World, sides_of, sides_where

__all__ = ["Fate", "MutantResult", "Score", "score"]

B = TypeVar("B")


class Fate(StrEnum):
    """What becomes of a mutant: a test fails for it, none does though it decides otherwise, it decides
    everything as the policy does, or that could not be told.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class MutantResult:
    """A mutant, the first case that fails for it (killed), or a connection that it decides otherwise
    (survived); `verdicts` are then the policy's and the mutant's.
    """

    mutant: Mutant
    fate: Fate
    case: TestCase | None = None
    connection: Connection | None = None
    verdicts: tuple[Verdict, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The results of the mutants that were looked at, of `total` that there are."""

    results: tuple[MutantResult, ...]
    total: int

    def number(self, fate: Fate) -> int:
        """How many mutants have a fate."""
        return sum(result.fate is fate for result in self.results)

    @property
    def percent(self) -> float:
        """Killed of killed and survived; 100 where there is neither."""
        killed = self.number(Fate.KILLED)
        known = killed + self.number(Fate.SURVIVED)
        return 100 * killed / known if known else 100.0


def score(
    world: World[B], policy: Policy, held: Sequence[CaseResult], found: Sequence[Mutant], total: int
) -> Score:
    """What becomes of the mutants under cases that hold for the policy; the world knows all of them."""
    return Score(tuple(_fate(world, policy, held, mutant) for mutant in found), total)


def _fate(
    world: World[B], policy: Policy, held: Sequence[CaseResult], mutant: Mutant
) -> MutantResult:
    for result in held:  # the connection at hand is asked first: it costs nothing
        if result.connection is not None and not satisfied(
            mutant.policy, result.case, result.connection
        ):
            return MutantResult(mutant, Fate.KILLED, result.case)
    asked = Cases(world, mutant.policy)
    undecided = ""
    for result in held:
        against = asked.refute(result.case)
        if isinstance(against, Undecided):
            undecided = against.why
        elif against is not None:
            return MutantResult(mutant, Fate.KILLED, result.case)
    if undecided:
        return MutantResult(mutant, Fate.UNDECIDED, why=undecided)
    return _against(world, policy, mutant)


def _against(world: World[B], policy: Policy, mutant: Mutant) -> MutantResult:
    """A mutant that no test notices: whether it decides anything otherwise.

    First all flows, then, where there are request parts, all requests. What satisfies a reading of requests
    may be no request that there can be: then it is undecided.
    """
    alg = world.algebra
    other = mutant.policy
    mine, theirs = sides_of(world, policy, None), sides_of(world, other, None)
    found = world.find(_difference(alg, mine, theirs))
    if isinstance(found, Undecided):
        return MutantResult(mutant, Fate.UNDECIDED, why=found.why)
    if found is not None:

        def differs(connection: Connection) -> bool:
            before, after = (decide_connection(p, connection) for p in (policy, other))
            return before.verdict is not after.verdict

        if not differs(found):
            raise InternalError("a mutant's connection is decided alike when replayed")
        plain = world.plain(found, differs)
        verdicts = tuple(decide_connection(p, plain).verdict for p in (policy, other))
        return MutantResult(mutant, Fate.SURVIVED, connection=plain, verdicts=verdicts)
    matchers = tuple(dict.fromkeys(_matchers(policy)))
    if not matchers:
        return MutantResult(mutant, Fate.EQUIVALENT)
    asked = False
    for matched in world.requests(matchers):
        asked = True
        mine, theirs = (sides_where(world, p, matched) for p in (policy, other))
        if world.find(_difference(alg, mine, theirs)) is not None:
            asked = False
            break
    if asked:
        return MutantResult(mutant, Fate.EQUIVALENT)
    why = "flows are decided alike, but maybe not every request"
    return MutantResult(mutant, Fate.UNDECIDED, why=why)


def _matchers(policy: Policy) -> Iterator[Matcher]:
    for rule in policy.rules:
        if rule.l7 is not None:
            yield from rule.l7.matchers


def _difference(alg: Algebra[B], mine: Sides[B], theirs: Sides[B]) -> B:
    """The connections with different verdicts."""
    return alg.some(
        alg.every([mine.verdict(alg, verdict), alg.negate(theirs.verdict(alg, verdict))])
        for verdict in Verdict
    )
