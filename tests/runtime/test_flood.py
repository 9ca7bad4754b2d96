"""A policy replaced under a flood: every packet is decided by one policy, on all hooks that it crosses."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.artifact import Action, Program, RuleEntry
from cpc.compiler.ir.nodes import ANY, Clause, Decision, Leaf, Step, StepVerdict
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Reason
from cpc.runtime.demo.flood import Flood
from cpc.runtime.demo.topology import Topology
from cpc.runtime.load import load, unload
from cpc.runtime.replace import replace_policy
from tests.nightly import times
from tests.runtime.world import INVENTORY, PROGRAM, artifact_of

pytestmark = pytest.mark.kernel

TURNS = times(6, 120)
ALWAYS, NEVER = 10, 9
"""Ports: what both policies allow; what each denies, but on different hooks."""


def _leaf(site: int, allowed: bool) -> Leaf:
    verdict = StepVerdict.ALLOW if allowed else StepVerdict.DENY
    clause = Clause(ANY, ANY, False, int(allowed))
    return Leaf((), (), (), (), Step(site, verdict, Reason.MODE, (clause,)))


def _decision(direction: Direction, site: int, allowed: bool) -> Decision:
    """Everything as `allowed` says, but for port ALWAYS of UDP."""
    always = 17 << 16 | ALWAYS
    leaves = (_leaf(site, allowed), _leaf(site + 1, True))
    if allowed:
        return Decision(direction, (0,), (0,), leaves[:1], ())
    return Decision(direction, (0, always, always + 1), (0, 1, 0), leaves, ())


def _program(egress: bool) -> Program:
    """Denies in one direction what it allows in the other."""
    return replace(
        PROGRAM,
        ingress=_decision(Direction.INGRESS, 1, not egress),
        egress=_decision(Direction.EGRESS, 3, egress),
        rules=(
            RuleEntry("", Reason.MODE, Action.DENY, "", 0, 0),
            RuleEntry("", Reason.MODE, Action.ALLOW, "", 0, 0),
        ),
    )


def test_one_packet_one_policy(net: Topology, instance: str, cache: Path) -> None:
    """A packet that one hook decided by the old policy and another by the new one would arrive."""
    policies = [artifact_of(_program(egress), cache) for egress in (True, False)]
    load(policies[0], INVENTORY, instance)
    address = net.hosts["friend"].addresses[0]
    always, never = (Flood(net, "web", "friend", address, port) for port in (ALWAYS, NEVER))
    with always, never:
        for turn in range(TURNS):
            replace_policy(policies[(turn + 1) % 2], None, instance, grace=0.05)
    unload(instance)
    assert always.sent > 100
    assert never.sent > 100
    assert not never.received, "decided by two policies"
    assert sorted(always.received) == list(range(always.sent)), "lost on the way"
