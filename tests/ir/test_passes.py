"""Each pass keeps the meaning, names included; leaving one out changes no answer."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.ir.bits import peer_bits, subject_bits
from cpc.compiler.ir.interpret import interpret
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import Program, service_key
from cpc.compiler.ir.number import numbered
from cpc.compiler.ir.passes import PASSES, run
from cpc.compiler.ir.passes.drop_unreachable import drop_unreachable
from cpc.compiler.ir.passes.merge_blocks import merge_blocks
from cpc.compiler.ir.passes.merge_leaves import merge_leaves
from cpc.compiler.policy.model import (
    Action,
    Entity,
    EntityTerm,
    Policy,
    PortRange,
    Tier,
)
from tests.ir.strategies import flows, policies, rule, verified

Pass = Callable[[Program], Program]


@settings(max_examples=50)
@given(policies(), st.integers(0, 2**32), st.sets(st.sampled_from(PASSES)))
def test_any_passes_keep_the_meaning(policy: Policy, seed: int, left_out: set[Pass]) -> None:
    plain = lower(verified(policy))
    passed = run(plain, [one for one in PASSES if one not in left_out])
    assert (passed.subjects, passed.peers, passed.rules) == (
        plain.subjects,
        plain.peers,
        plain.rules,
    )
    for flow in flows(policy, seed, 60):
        subject, peer = subject_bits(plain, flow.subject), peer_bits(plain, flow.peer)
        key = service_key(flow.family, flow.protocol, flow.port)
        before = interpret(plain, flow.direction, subject, peer, key)
        after = interpret(passed, flow.direction, subject, peer, key)
        assert (after.verdict, after.log, after.rule) == (before.verdict, before.log, before.rule)


@settings(max_examples=40)
@given(policies())
def test_passes_are_done_after_one_run(policy: Policy) -> None:
    once = run(lower(verified(policy)))
    assert run(once) == once


def test_nothing_is_asked_behind_a_rule_for_everybody() -> None:
    policy = Policy(
        (
            rule(1, Action.DENY, tier=Tier.ADMIN, place=(1, 1, 0)),
            rule(2, tier=Tier.ADMIN, place=(2, 2, 0)),
            rule(3, ports=(PortRange(6),)),
        )
    )
    program = numbered(drop_unreachable(lower(verified(policy))))
    assert all(len(leaf.admin) == 1 and not leaf.normal for leaf in program.ingress.leaves)
    merged = numbered(merge_leaves(program))
    assert merged.ingress.starts == (0,)


def test_a_pass_for_everybody_leaves_the_normal_tier_to_decide() -> None:
    policy = Policy(
        (
            rule(1, Action.PASS, tier=Tier.ADMIN, place=(1, 1, 0)),
            rule(2, Action.DENY, tier=Tier.ADMIN, place=(2, 2, 0)),
            rule(3, Action.DENY, peers=(EntityTerm(Entity.WORLD),)),
        )
    )
    (leaf,) = drop_unreachable(lower(verified(policy))).ingress.leaves
    assert leaf.admin == ()
    assert len(leaf.normal) == 1


def test_a_pass_stays_where_something_stands_behind_it() -> None:
    node, world = (EntityTerm(Entity.REMOTE_NODE),), (EntityTerm(Entity.WORLD),)
    policy = Policy(
        (
            rule(1, Action.PASS, tier=Tier.ADMIN, place=(1, 1, 0), peers=node),
            rule(2, Action.DENY, tier=Tier.ADMIN, place=(2, 2, 0), peers=world),
            rule(3, Action.PASS, tier=Tier.ADMIN, place=(2, 2, 1), peers=node),
        )
    )
    (leaf,) = drop_unreachable(lower(verified(policy))).ingress.leaves
    assert [[len(block) for block in group] for group in leaf.admin] == [[1], [1]]


def test_clauses_behind_one_that_always_fires_are_dropped() -> None:
    world = (EntityTerm(Entity.WORLD),)
    policy = Policy((rule(1, peers=world), rule(2), rule(3, peers=world)))
    (leaf,) = drop_unreachable(lower(verified(policy))).ingress.leaves
    assert [clause.rule for clause in leaf.normal[0].clauses] == [0, 1]


@pytest.mark.parametrize(("second", "steps"), [(Action.ALLOW, 1), (Action.DENY, 2)])
def test_priorities_merge_and_like_steps_become_one(second: Action, steps: int) -> None:
    world, node = (EntityTerm(Entity.WORLD),), (EntityTerm(Entity.REMOTE_NODE),)
    policy = Policy(
        (
            rule(1, tier=Tier.ADMIN, place=(1, 1, 0), peers=world),
            rule(2, second, tier=Tier.ADMIN, place=(2, 2, 0), peers=node),
        )
    )
    (leaf,) = merge_blocks(lower(verified(policy))).ingress.leaves
    ((block,),) = leaf.admin
    assert len(block) == steps


def test_blocks_of_one_priority_stay_apart() -> None:
    world, node = (EntityTerm(Entity.WORLD),), (EntityTerm(Entity.REMOTE_NODE),)
    policy = Policy(
        (
            rule(1, tier=Tier.ADMIN, place=(1, 1, 0), peers=world),
            rule(2, Action.DENY, tier=Tier.ADMIN, place=(1, 2, 0), peers=node),
        )
    )
    (leaf,) = merge_blocks(lower(verified(policy))).ingress.leaves
    assert [len(group) for group in leaf.admin] == [2]
