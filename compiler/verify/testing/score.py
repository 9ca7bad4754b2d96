"""The mutation score: which slips in a policy its tests would notice."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Matcher, Policy
from cpc.compiler.policy.semantics import Algebra, Verdict
from cpc.compiler.verify.languages.limits import TooLarge
from cpc.compiler.verify.languages.requests import Covered, RequestSpace, Uncovered
from cpc.compiler.verify.testing.cases import CaseResult, Cases, satisfied
from cpc.compiler.verify.testing.mutants import Mutant
from cpc.compiler.verify.testing.worlds import Sides, Undecided, World, sides_of, sides_where

__all__ = ["Fate", "MutantResult", "Score", "score"]

B = TypeVar("B")

_MOST_MATCHERS = 20
"""Matchers of which requests are tried."""


class Fate(StrEnum):
    """What becomes of a mutant: a test fails for it, none does though it decides otherwise, it decides
    everything as the policy does, or that could not be told.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


class MutantResult(Struct, frozen=True):
    """A mutant, the first case that fails for it (killed), or a connection that it decides otherwise
    (survived), maybe only for a request; `verdicts` are then the policy's and the mutant's.
    """

    mutant: Mutant
    fate: Fate
    case: TestCase | None = None
    connection: Connection | None = None
    request: Request | None = None
    verdicts: tuple[Verdict, ...] = ()
    why: str = ""


class Score(Struct, frozen=True):
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
    space = RequestSpace()
    return Score(tuple(_fate(world, policy, held, mutant, space) for mutant in found), total)


def _fate(
    world: World[B],
    policy: Policy,
    held: Sequence[CaseResult],
    mutant: Mutant,
    space: RequestSpace,
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
    return _against(world, policy, mutant, space)


def _against(world: World[B], policy: Policy, mutant: Mutant, space: RequestSpace) -> MutantResult:
    """A mutant that no test notices: whether it decides anything otherwise.

    First all flows, then, where there are request parts, all requests: what is decided alike whichever
    matchers match is decided alike. Where some set of matchers tells, requests that there can be are tried.
    """
    found = _told_apart(world, policy, mutant, None)
    if found is not None:
        return found
    matchers = _matchers(policy)
    if not matchers or _alike_for_all_requests(world, policy, mutant.policy, matchers):
        return MutantResult(mutant, Fate.EQUIVALENT)
    if _same_requests(policy, mutant.policy, space):
        return MutantResult(mutant, Fate.EQUIVALENT)
    for request in _telling_requests(matchers, space):
        found = _told_apart(world, policy, mutant, request)
        if found is not None:
            return found
    why = "flows are decided alike, but maybe not every request"
    return MutantResult(mutant, Fate.UNDECIDED, why=why)


def _told_apart(
    world: World[B], policy: Policy, mutant: Mutant, request: Request | None
) -> MutantResult | None:
    """A connection (or a request on it) that a mutant decides otherwise; None where there is none."""
    mine, theirs = (sides_of(world, p, request) for p in (policy, mutant.policy))
    found = world.find(_difference(world.algebra, mine, theirs))
    if isinstance(found, Undecided):
        return MutantResult(mutant, Fate.UNDECIDED, why=found.why)
    if found is None:
        return None

    def verdicts(connection: Connection) -> tuple[Verdict, ...]:
        both = (policy, mutant.policy)
        return tuple(decide_connection(p, connection, request).verdict for p in both)

    def differs(connection: Connection) -> bool:
        before, after = verdicts(connection)
        return before is not after

    if not differs(found):
        raise InternalError("a mutant's connection is decided alike when replayed")
    plain = world.plain(found, differs)
    return MutantResult(
        mutant, Fate.SURVIVED, connection=plain, request=request, verdicts=verdicts(plain)
    )


# --- requests ----------------------------------------------------------------------------------


def _matchers(policy: Policy) -> tuple[Matcher, ...]:
    parts = (rule.l7.matchers for rule in policy.rules if rule.l7 is not None)
    return tuple(dict.fromkeys(matcher for part in parts for matcher in part))


def _alike_for_all_requests(
    world: World[B], policy: Policy, other: Policy, matchers: Sequence[Matcher]
) -> bool:
    """Whether both decide alike whichever matchers match; False also where they are too many."""
    looked = False
    for matched in world.requests(matchers):
        looked = True
        mine, theirs = (sides_where(world, p, matched) for p in (policy, other))
        if world.find(_difference(world.algebra, mine, theirs)) is not None:
            return False
    return looked


def _same_requests(policy: Policy, other: Policy, space: RequestSpace) -> bool:
    """Whether the policies differ at most in how request parts say the same requests."""
    if replace(other, rules=policy.rules) != policy or len(other.rules) != len(policy.rules):
        return False
    for one, two in zip(policy.rules, other.rules, strict=True):
        if one == two:
            continue
        if one.l7 is None or two.l7 is None or replace(two, l7=one.l7) != one:
            return False
        mine, theirs = one.l7.matchers, two.l7.matchers
        answers = (space.covered(mine, [theirs]), space.covered(theirs, [mine]))
        if not all(isinstance(answer, Covered) for answer in answers):
            return False
    return True


def _telling_requests(matchers: Sequence[Matcher], space: RequestSpace) -> Iterator[Request]:
    """For each matcher a request that it alone matches, and one that it matches."""
    for matcher in matchers[:_MOST_MATCHERS]:
        others = [(other,) for other in matchers if other != matcher]
        alone = space.covered((matcher,), others)
        if isinstance(alone, Uncovered):
            yield alone.request
        some = space.matched((matcher,))
        if some is not None and not isinstance(some, TooLarge):
            yield some


def _difference(alg: Algebra[B], mine: Sides[B], theirs: Sides[B]) -> B:
    """The connections with different verdicts."""
    return alg.some(
        alg.every([mine.verdict(alg, verdict), alg.negate(theirs.verdict(alg, verdict))])
        for verdict in Verdict
    )
