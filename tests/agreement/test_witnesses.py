"""Witnesses of findings as packets: the program that is attached decides them as the findings say."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Action, Policy, Rule
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.engine.known_grid import known_effects
from cpc.compiler.verify.findings import FindingKind
from tests.agreement.flows import EXTENSIONS
from tests.agreement.test_agreement import compiled, drawn, place, two_families, worlds
from tests.agreement.world import Enforced, interfaces, inventory_of, opening
from tests.nightly import times

pytestmark = pytest.mark.kernel

SEEN: Counter[FindingKind] = Counter()


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    with interfaces():
        yield


@drawn(times(40))
@given(worlds())
def check(world: tuple[Policy, tuple[Party, ...], int]) -> None:
    policy, parties, _ = world
    inventory = two_families(inventory_of(parties))
    found = [f for f in known_effects(policy, inventory) if f.witness is not None]
    if not found:
        return
    with Enforced(compiled(policy), inventory) as enforced:
        for number, finding in enumerate(found, 1):
            flow = finding.witness
            assert flow is not None
            unsent = flow.protocol in EXTENSIONS and flow.family == 6
            if unsent or flow.subject.name not in {e.name for e in inventory.endpoints}:
                continue
            said = decide(policy, flow)
            enforced.forget()
            seen = enforced.send(flow.subject.name, flow.direction, opening(flow, number))
            assert (seen.passed, seen.rule) == (said.verdict is Verdict.ALLOW, place(said)), flow
            rule = finding.rule
            assert isinstance(rule, Rule)
            if rule.action is not Action.PASS:  # which decides nothing itself
                assert (said.rule == rule.origin) is (finding.kind is FindingKind.REDUNDANT), (
                    finding
                )
            SEEN[finding.kind] += 1


def test_the_attached_program_decides_witnesses_as_findings_say() -> None:
    SEEN.clear()
    check()
    print(f"\n{dict(SEEN)}")
    assert sum(SEEN.values()) >= times(25), SEEN
