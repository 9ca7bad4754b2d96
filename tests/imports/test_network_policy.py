"""NetworkPolicy: what is imported means what the documents say, and can be written down again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpc.compiler.cli import run
from cpc.compiler.pipeline import Options, front
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from cpc.compiler.timings import Timings
from tests.imports.kubernetes import (
    Peer,
    Pod,
    allowed,
    hosts,
    imported,
    manifests,
    network_policies,
    ports_of,
)

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written(
    name: str,
    golden: Callable[[Path, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`cpc import` of a case gives the policy that stands beside it, and that is formatted."""
    monkeypatch.chdir(CASES)
    assert run(["import", f"{name}.yaml"]) == 0
    text = capsys.readouterr().out
    golden(CASES / f"{name}.cil", text)
    file, problems = parse(SourceFile(f"{name}.cil", text))
    assert not problems and format_file(file) == text


@pytest.mark.parametrize("name", NAMES)
def test_both_ways_mean_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy read from YAML, and the one that `cpc import` wrote: rule for rule."""
    monkeypatch.chdir(CASES)
    read = [front([f"{name}.{ending}"], Options(), Timings()) for ending in ("yaml", "cil")]
    policies = [r.policy for r in read]
    assert policies[0] is not None and policies[1] is not None
    assert _facts(policies[0]) == _facts(policies[1])


def _facts(policy: Policy) -> object:
    """What a policy says, without the places where it says it."""
    return (
        [
            (r.direction, r.action, r.tier, r.priority, r.index, r.subject, r.peers, r.ports, r.l7)
            for r in policy.rules
        ],
        [(i.direction, i.subject, i.origin.namespace) for i in policy.isolations],
    )


def inventory_of(pods: tuple[Pod, ...]) -> Inventory:
    """The pods as a closed world."""
    return Inventory(
        endpoints=tuple(
            Endpoint(
                p.name,
                tuple(sorted(p.party().labels)),
                (p.address,),
                tuple(sorted(p.party().ports)),
            )
            for p in pods
        )
    )


@given(st.data())
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_decide_says_what_the_documents_say(data: st.DataObject) -> None:
    documents = data.draw(network_policies())
    pods = data.draw(manifests())
    policy = imported(documents, inventory_of(pods))
    peers: tuple[Peer, ...] = (*pods, *hosts())
    for subject in pods:
        for peer in peers:
            family = subject.address.version
            if peer is subject or peer.address.version != family:
                continue
            for direction in Direction:
                for protocol, port in ports_of(documents):
                    if protocol == 1 and family == 6:
                        continue
                    flow = Flow(subject.party(), peer.party(), direction, family, protocol, port)
                    expected = allowed(documents, direction, subject, peer, protocol, port)
                    assert (decide(policy, flow).verdict is Verdict.ALLOW) == expected, flow
