"""Connectivity of manifests that others wrote, against the connections that np-guard's analyzer lists.

Both are compared as sets: ranges of addresses and of ports are expanded to the pieces that either list cuts.
np-guard knows TCP, UDP, SCTP and IPv4; to it, all of these is all.
"""

import os
from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address
from itertools import product
from pathlib import Path

import pytest

from cpc.compiler.cli import run

CORPORA = os.environ.get("CPC_CORPORA")
FOLDER = Path(CORPORA or "", "np-guard")
CASES = sorted(path.stem for path in FOLDER.glob("connlist/*.txt")) if CORPORA else []

pytestmark = pytest.mark.skipif(not CORPORA, reason="CPC_CORPORA names no folder of policies")

Captured = pytest.CaptureFixture[str]
Triple = tuple[str, str, str]
PROTOCOLS = ("TCP", "UDP", "SCTP")
LAST = 1 << 32


def triples(text: str) -> list[Triple]:
    """(source, destination, connections) of each line."""
    found = []
    for line in text.splitlines():
        ends, _, services = line.partition(" : ")
        source, _, destination = ends.partition(" => ")
        found.append((source, destination, services))
    return found


def stretch(end: str) -> tuple[int, int] | None:
    """The addresses of an external range, last one excluded."""
    if not end.endswith("[External]"):
        return None
    first, _, last = end.removesuffix("[External]").partition("-")
    return int(IPv4Address(first)), int(IPv4Address(last)) + 1


@cache
def services_of(text: str) -> int:
    """A bit for each port of the three protocols that np-guard knows."""
    if text == "All Connections":
        text = ",".join(f"{protocol} 1-65535" for protocol in PROTOCOLS)
    found, protocol = 0, ""
    for part in text.split(","):
        word, _, ports = part.rpartition(" ")
        protocol = word or protocol
        low, _, high = ports.partition("-")
        if protocol in PROTOCOLS:
            run = (2 << int(high or low)) - (1 << int(low))
            found |= run << (PROTOCOLS.index(protocol) << 16)
    return found


def expanded(lines: Iterable[Triple], cuts: list[int]) -> dict[tuple[str, str], int]:
    """The services of every pair; external ranges in pieces, named by their first address."""

    def pieces(end: str) -> list[str]:
        span = stretch(end)
        if span is None:
            return [end]
        return [str(IPv4Address(cut)) for cut in cuts if span[0] <= cut < span[1]]

    found: dict[tuple[str, str], int] = {}
    for source, destination, services in lines:
        for pair in product(pieces(source), pieces(destination)):
            assert pair not in found, pair
            found[pair] = services_of(services)
    return found


@pytest.mark.parametrize("case", CASES)
def test_connections_are_those_of_np_guard(case: str, capsys: Captured) -> None:
    assert run(["connectivity", str(FOLDER / "manifests" / case)]) == 0
    ours = triples(capsys.readouterr().out)
    theirs = triples((FOLDER / "connlist" / f"{case}.txt").read_text())
    ends = [end for lines in (ours, theirs) for line in lines for end in line[:2]]
    cuts = sorted({cut for span in map(stretch, ends) if span for cut in span} - {LAST})
    mine, wanted = expanded(ours, cuts), expanded(theirs, cuts)
    assert mine.keys() - wanted.keys() == set()
    assert wanted.keys() - mine.keys() == set()
    assert [pair for pair, services in wanted.items() if mine[pair] != services] == []


def test_the_comparison_is_not_blind() -> None:
    everything = expanded(
        triples("a => 0.0.0.0-255.255.255.255[External] : All Connections"), [0, 5]
    )
    assert everything == expanded(
        triples(
            "a => 0.0.0.0-0.0.0.4[External] : All Connections\n"
            "a => 0.0.0.5-255.255.255.255[External] : SCTP 1-65535,TCP 1-65535,UDP 1-65535"
        ),
        [0, 5],
    )
    assert everything != expanded(
        triples(
            "a => 0.0.0.0-0.0.0.4[External] : All Connections\n"
            "a => 0.0.0.5-255.255.255.255[External] : SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535"
        ),
        [0, 5],
    )


def test_there_are_cases() -> None:
    assert len(CASES) >= 14
