"""Cluster policies: the rules that their API documents, each a file with the sentence that it holds to.

A case is `cases/NAME.yaml`. Its first document says what is expected in the world of `world.py`;
the others are the objects:

    cites: the sentence of the API
    source: where it stands
    flows: ["DIRECTION FROM -> TO SERVICE : VERDICT by TIER [RULE]", ...]
    warnings: [codes of the importer's warnings]
    inventory: false, where objects are imported without one

The side that decides is the receiver's for ingress, else the sender's. `by` is followed by `admin` or
`baseline` and a rule, by `normal`, or by the reason where no rule decides.
"""

import re
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Reason
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from tests.imports.cluster_policy.world import BARE, PODS, WORLD, Imported, imported

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))

_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}


def _case(name: str) -> tuple[dict[str, object], Imported]:
    head, _, objects = (CASES / f"{name}.yaml").read_text(encoding="utf-8").partition("\n---\n")
    case = yaml.safe_load(head)
    inventory = WORLD if case.get("inventory", True) else None
    return case, imported(objects, inventory)


_FLOW = re.compile(
    r"(ingress|egress) (\S+) -> (\S+) (\w+)/(\d+) : (allow|deny) by (\w+)(?: (\S+))?"
)


def _party(text: str, family: int) -> Party:
    """A pod by name, or what is at an address, with the DNS name before its `@`."""
    if text == BARE or text in PODS:
        pod = next(e for e in WORLD.endpoints if e.name == text)
        return pod.party(next((a for a in pod.addresses if a.version == family), None))
    name, _, address = text.rpartition("@")
    party = WORLD.party_of(ip_address(address))
    return replace(party, names=frozenset({name} if name else ()))


def _flow(line: str) -> tuple[Flow, str]:
    match = _FLOW.fullmatch(line)
    assert match, line
    direction, left, right, protocol, port, verdict, tier, rule = match.groups()
    family = 6 if ":" in left + right else 4
    ends = [_party(left, family), _party(right, family)]
    if direction == "ingress":
        ends.reverse()
    number = _PROTOCOLS.get(protocol)
    flow = Flow(
        ends[0],
        ends[1],
        Direction(direction),
        family,
        int(port) if number is None else number,
        0 if number is None else int(port) << 8 if "icmp" in protocol else int(port),
    )
    return flow, f"{verdict} by {tier}" + (f" {rule}" if rule else "")


def _decided(policy: Policy, flow: Flow) -> str:
    found = decide(policy, flow)
    if found.reason is not Reason.RULE or found.tier is None or found.rule is None:
        return f"{found.verdict} by {found.reason}"
    name = "" if found.tier.name == "NORMAL" else f" {found.rule.name}"
    return f"{found.verdict} by {found.tier.name.lower()}{name}"


@pytest.mark.parametrize("name", NAMES)
def test_the_sentence_holds(name: str) -> None:
    case, imported = _case(name)
    assert case["cites"] and case["source"]
    assert [d.code for d in imported.said] == case.get("warnings", [])
    lines = case["flows"]
    assert isinstance(lines, list) and lines
    for line in lines:
        flow, expected = _flow(line)
        assert _decided(imported.policy, flow) == expected, line


@pytest.mark.parametrize("name", NAMES)
def test_what_is_imported_can_be_written(name: str) -> None:
    """The text of the imported tree parses to the same tree."""
    for file in _case(name)[1].trees:
        parsed, problems = parse(SourceFile(file.name, format_file(file)))
        assert problems == [] and parsed == file


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 30
