"""Cilium's examples that exist twice, as an object of Kubernetes and as JSON, mean the same twice.

Eight of them really differ: what differs stands in `twins`. A policy of Kubernetes is about pods, and pods
are in a namespace; a selector of JSON also takes endpoints that are in none.
"""

from collections.abc import Callable
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, DnsQuery, Flow, HttpRequest, Party, Request
from cpc.compiler.policy.flow import KafkaRequest as Kafka
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import Entity, Policy
from cpc.compiler.policy.semantics import Verdict
from tests.imports.probes import flows, requests
from tests.imports.reading import corpus, files_of, read

TWINS = Path(__file__).parent / "twins"
LEAST = 1000

DIFFERENT = (
    "cilium-1.1/l4/from_init",
    "cilium-1.1/l7/http/simple/l7",
    "cilium-1.17/l3/fqdn/fqdn",
    "cilium-1.17/l4/from_init",
    "cilium-1.17/l7/dns/dns",
    "cilium-1.17/l7/dns/dns-upgrade",
    "cilium-1.17/l7/dns/dns-visibility",
    "cilium-1.17/l7/http/simple/l7",
)

ALSO_WITHOUT_NAMESPACE = (
    "cilium-1.1/kubernetes/namespace/kubedns-policy",
    "cilium-1.1/l3/egress-allow-all/egress-allow-all",
    "cilium-1.1/l3/ingress-allow-all/ingress-allow-all",
    "cilium-1.17/l3/egress-allow-all/egress-allow-all",
    "cilium-1.17/l3/ingress-allow-all/ingress-allow-all",
    "cilium-1.17/l3/match-expressions/and-statement",
    "cilium-1.17/l3/match-expressions/or-statement",
)
"""Twins whose JSON has a selector `{}`: it takes `init` and health endpoints too, and no other flow differs."""

Difference = tuple[Flow, Request | None, Verdict, Verdict]


def test_the_examples_that_exist_twice() -> None:
    """Each is read, or refused both times for the same reason."""
    folder = corpus()
    refused: list[str] = []
    for name in _twins():
        found = [read((folder / f"{name}.{e}").read_text(), name) for e in ("json", "yaml")]
        reasons = [sorted({(d.code, d.message) for d in r.errors}) for r in found]
        assert reasons[0] == reasons[1]
        refused += [name] if reasons[0] else []
    assert len(_twins()) - len(refused) > 60


@cache
def _twins() -> tuple[str, ...]:
    names = files_of(corpus(), "cilium-1.1", "cilium-1.17")
    stems = [name.rpartition(".")[0] for name in names]
    return tuple(stem for stem, same in groupby(stems) if len(list(same)) == 2)


@cache
def _differences(name: str) -> tuple[Difference, ...]:
    """What the two say differently, over at least a thousand flows."""
    json, yaml = (_policy(f"{name}.{ending}") for ending in ("json", "yaml"))
    both = (json, yaml)
    asked = requests(both)
    found: list[Difference] = []
    for alike in range(1, 50):
        drawn = list(flows(both, alike))
        if len(drawn) >= LEAST:
            break
    assert len(drawn) >= LEAST
    for flow in drawn:
        verdicts = [decide(policy, flow).verdict for policy in both]
        if verdicts[0] is not verdicts[1]:
            found.append((flow, None, verdicts[0], verdicts[1]))
        if Verdict.REDIRECT not in verdicts:
            continue
        for request in asked:
            left, right = (decide(policy, flow, request).verdict for policy in both)
            if left is not right:
                found.append((flow, request, left, right))
    return tuple(found)


def _policy(name: str) -> Policy:
    found = read((corpus() / name).read_text(encoding="utf-8"), name)
    assert found.errors == []
    return found.policy


def test_twins_mean_the_same() -> None:
    others: list[str] = []
    for name in _twins():
        path = corpus() / f"{name}.json"
        if name in DIFFERENT or read(path.read_text(), name).errors:
            continue
        differences = _differences(name)
        outside = [d for d in differences if not _without_namespace(d[0])]
        assert outside == [], name
        others += [name] if differences else []
    assert tuple(others) == ALSO_WITHOUT_NAMESPACE


def _without_namespace(flow: Flow) -> bool:
    """Whether an end is an endpoint that is in no namespace."""
    nowhere = {Entity.INIT, Entity.HEALTH}
    return any(p.managed and p.entities & nowhere for p in (flow.subject, flow.peer))


@pytest.mark.parametrize("name", DIFFERENT)
def test_how_the_eight_differ(name: str, golden: Callable[[Path, str], None]) -> None:
    differences = _differences(name)
    assert [d for d in differences if not _without_namespace(d[0])]
    golden(TWINS / f"{name.replace('/', '-')}.txt", _shown(differences))


# --- as text -----------------------------------------------------------------------------------


def _shown(differences: tuple[Difference, ...]) -> str:
    """A line for each pair of parties and of verdicts, with the ports; of requests only where the
    flows themselves have one verdict.
    """
    lines: dict[str, list[str]] = {}
    whole = {flow for flow, request, _, _ in differences if request is None}
    for flow, request, json, yaml in differences:
        if request is not None and flow in whole:
            continue
        arrow = "<-" if flow.direction == "ingress" else "->"
        asked = "" if request is None else f" {_request(request)}"
        who = f"{_party(flow.subject)} {arrow} {_party(flow.peer)}{asked}"
        ports = lines.setdefault(f"{who}: {json} in json, {yaml} in yaml", [])
        ports.append(f"{flow.protocol}/{flow.port}")
    shown = {head: " ".join(dict.fromkeys(ports)) for head, ports in lines.items()}
    return "".join(f"{head}: {ports}\n" for head, ports in sorted(shown.items()))


def _party(party: Party) -> str:
    labels = (str(label) for label in party.labels if label.key != NAMESPACE_KEY)
    spaces = (label.value for label in party.labels if label.key == NAMESPACE_KEY)
    return f"{next(spaces)}{{{', '.join(sorted(labels))}}}" if party.labels else party.name


def _request(request: Request) -> str:
    match request:
        case HttpRequest(method, path, host, headers):
            return f"{method} {path} host={host} {dict(headers) or ''}".strip()
        case Kafka((element,)):
            return str(element)
        case DnsQuery(name):
            return f"dns {name}"
        case _:
            assert request is OPAQUE
            return "opaque"
