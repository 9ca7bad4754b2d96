"""The kernel takes a policy of many rules: its verifier walks each leaf once, and no path twice."""

import random
from ipaddress import ip_address

import pytest

from cpc.compiler.codegen.build import build
from cpc.compiler.policy.model import (
    Action,
    Direction,
    EndpointTerm,
    In,
    Isolation,
    LabelKey,
    Policy,
    PortRange,
)
from cpc.compiler.timings import Timings
from cpc.runtime import maps
from cpc.runtime.bpf.object import BpfObject
from tests.ir.strategies import origin, rule, verified

pytestmark = pytest.mark.kernel

SELECTORS = 60


def many_rules(count: int) -> Policy:
    """Rules between 60 selectors on 120 ports and ranges, some on every port."""
    chosen = random.Random(count)
    terms = [EndpointTerm(In(LabelKey("k8s", "app"), (f"v{i}",))) for i in range(SELECTORS)]
    numbers = chosen.sample(range(1, 60_000), 120)
    ports = [PortRange(6, low, low + chosen.choice((0, 9))) for low in numbers]
    rules = [
        rule(
            number,
            Action.DENY if number % 10 == 0 else Action.ALLOW,
            direction=chosen.choice(tuple(Direction)),
            subject=(chosen.choice(terms),),
            peers=(chosen.choice(terms),),
            ports=None if number % 9 == 0 else (chosen.choice(ports),),
        )
        for number in range(1, count)
    ]
    isolated = (Isolation(d, tuple(terms), False, origin(9000)) for d in Direction)
    return Policy(tuple(rules), tuple(isolated))


@pytest.mark.parametrize("subject", [1 << 3, (1 << SELECTORS) - 1], ids=["one bit", "every bit"])
def test_a_thousand_rules_load(subject: int) -> None:
    artifact = build(verified(many_rules(1000)), "6.6", Timings())
    words = maps.words_for(len(artifact.program.subjects))
    endpoint = maps.EndpointConstant(7, 1, (ip_address("10.0.0.1"),), subject)
    with BpfObject.open(artifact.object, "cpc_large") as opened:
        for name in ("rows", "addresses4", "addresses6", "connections", "fragments"):
            opened.resize(name, 16)
        opened.resize("events", 1 << 16)
        opened.constant(".rodata.endpoint", maps.endpoint_constant(endpoint, words))
        opened.only(["cpc_from_endpoint", "cpc_to_endpoint"], ["swap_epoch", "swap_programs"])
        opened.load()
