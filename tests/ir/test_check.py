"""A program that breaks an invariant does not get past `check`."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.ir.check import check
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import ANY, KEY_END, Clause, Decision, Leaf, Program, Step, StepVerdict
from cpc.compiler.ir.passes import run
from cpc.compiler.policy.model import (
    Action,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Has,
    Isolation,
    LabelKey,
    Policy,
    PortRange,
    Requirement,
    Tier,
)
from cpc.compiler.policy.semantics import Reason
from tests.ir.strategies import origin, rule, verified

LABELLED = (EndpointTerm(Has(LabelKey("k8s", "a"))),)


def sound() -> Program:
    """A program with something in every place."""
    world = (EntityTerm(Entity.WORLD),)
    policy = Policy(
        (
            rule(1, Action.PASS, tier=Tier.ADMIN, place=(1, 1, 0), peers=world),
            rule(2, Action.DENY, tier=Tier.ADMIN, place=(2, 2, 0), peers=world),
            rule(3, peers=LABELLED, subject=LABELLED, ports=(PortRange(6, 80, 80),)),
            rule(4, Action.DENY, tier=Tier.BASELINE, place=(1, 1, 0), subject=LABELLED),
        ),
        (Isolation(Direction.INGRESS, LABELLED, False, origin(9)),),
        requirements=(Requirement(Direction.INGRESS, LABELLED, world, False, origin(8)),),
    )
    return run(lower(verified(policy)))


def ingress(change: Callable[[Decision], Decision]) -> Callable[[Program], Program]:
    return lambda program: replace(program, ingress=change(program.ingress))


def leaf(change: Callable[[Leaf], Leaf]) -> Callable[[Program], Program]:
    """A change of the last leaf of ingress."""
    return ingress(lambda d: replace(d, leaves=(*d.leaves[:-1], change(d.leaves[-1]))))


def allow(change: Callable[[Step], Step]) -> Callable[[Program], Program]:
    """A change of the first normal step of the last leaf."""
    return leaf(lambda one: replace(one, normal=(change(one.normal[0]), *one.normal[1:])))


def clause(**changes: int | bool) -> Callable[[Program], Program]:
    """A change of that step's first clause."""

    def change(step: Step) -> Step:
        first = step.clauses[0]
        changed = Clause(
            changes.get("subject", first.subject),
            changes.get("peers", first.peers),
            bool(changes.get("required", first.required)),
            changes.get("rule", first.rule),
        )
        return replace(step, clauses=(changed,))

    return allow(change)


BROKEN: dict[str, Callable[[Program], Program]] = {
    "no interval starts at 0": ingress(lambda d: replace(d, starts=(1, *d.starts[1:]))),
    "an interval has no leaf": ingress(lambda d: replace(d, index=d.index[:-1])),
    "starts are not ascending": ingress(lambda d: replace(d, starts=(0, 9, 9))),
    "not ascending service keys": ingress(lambda d: replace(d, starts=(*d.starts[:-1], KEY_END))),
    "neighbours share a leaf": ingress(lambda d: replace(d, index=(0, 0, 1))),
    "unused or missing": ingress(lambda d: replace(d, index=(0, 2, 0))),
    "ingress is not ingress": ingress(lambda d: replace(d, direction=Direction.EGRESS)),
    "egress is not egress": lambda p: replace(p, egress=p.ingress),
    "peers are not unique": lambda p: replace(p, peers=(*p.peers, p.peers[0])),
    "subjects are not unique": lambda p: replace(p, subjects=p.subjects * 2),
    "site 1 is not unique": allow(lambda step: replace(step, site=1)),
    "site 0 is not unique, or not positive": allow(lambda step: replace(step, site=0)),
    "has no clause": allow(lambda step: replace(step, clauses=())),
    "a requirement names bits": ingress(lambda d: replace(d, requirements=((7, 1),))),
    "names bits that are not there": clause(subject=5),
    "bits that are not there": clause(peers=1 << 9),
    "bits that are not": clause(peers=0, required=False),
    "requires something of a peer": clause(peers=ANY),
    "names a rule that is not there": clause(rule=99),
    "is not of the kind of its rule `rule-2`": clause(rule=1, required=False),
    "a PASS outside": allow(lambda step: replace(step, verdict=StepVerdict.PASS)),
    "is not of the kind": allow(lambda step: replace(step, reason=Reason.MODE)),
    "the final step may not fire": leaf(
        lambda one: replace(
            one,
            final=replace(one.final, clauses=(Clause(ANY, 1, False, one.final.clauses[0].rule),)),
        )
    ),
    "an empty group or block": leaf(lambda one: replace(one, admin=((),))),
    "requirements outside of a normal allow": leaf(
        lambda one: replace(one, prelude=(replace(one.normal[0], site=900),))
    ),
    "a step that is no rule's": leaf(
        lambda one: replace(one, baseline=(((replace(one.final, site=901),),),))
    ),
}


def test_a_sound_program_is_given_back() -> None:
    program = sound()
    assert check(program) is program


@pytest.mark.parametrize("fault", BROKEN)
def test_broken(fault: str) -> None:
    with pytest.raises(InternalError, match="broken decision IR") as failing:
        check(BROKEN[fault](sound()))
    assert fault in str(failing.value)
