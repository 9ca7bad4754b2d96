"""Differences of connections, against those that np-guard's analyzer lists for the same manifests.

In `X-vs-Y.txt` Y is the older side. Both are compared as sets, external ranges in the pieces that either cuts.
"""

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest

from cpc.compiler.cli import run
from tests.imports.test_np_guard import CORPORA, FOLDER, LAST, services_of, stretch

pytestmark = pytest.mark.skipif(not CORPORA, reason="CPC_CORPORA names no folder of policies")

CASES = {
    "different-topologies-policy-b-with-ipblock-vs-a": (
        "different-topologies-policy-a-with-ipblock",
        "different-topologies-policy-b-with-ipblock",
    ),
    "same-topologies-new1-vs-old1": ("same-topologies-old1", "same-topologies-new1"),
    "same-topologies-new2-vs-old2": ("same-topologies-old2", "same-topologies-new2"),
}
LINE = re.compile(
    r"diff-type: (\w+), source: (.*?), destination: (.*?), ref1: (.*?), ref2: (.*?)"
    r"(?:, workloads-diff-info: (.*))?$"
)
Row = tuple[str, ...]
Change = tuple[str, int, int, str]


def rows(text: str) -> list[Row]:
    """The parts of every line but the head."""
    head, *lines = text.splitlines()
    assert head == "Connectivity diff:"
    found = [LINE.match(line) for line in lines]
    assert all(found)
    return [match.groups("") for match in found if match]


def expanded(lines: Iterable[Row], cuts: list[int]) -> dict[tuple[str, str], Change]:
    """The change of every pair; external ranges in pieces."""

    def pieces(end: str) -> list[str]:
        span = stretch(end)
        return [end] if span is None else [str(c) for c in cuts if span[0] <= c < span[1]]

    found: dict[tuple[str, str], Change] = {}
    for kind, source, destination, before, after, news in lines:
        services = [0 if s == "No Connections" else services_of(s) for s in (before, after)]
        for pair in product(pieces(source), pieces(destination)):
            assert pair not in found, pair
            found[pair] = (kind, services[0], services[1], news)
    return found


@pytest.mark.parametrize("case", sorted(CASES))
def test_changes_are_those_of_np_guard(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    sides = [str(FOLDER / "manifests" / f"semanticDiff-{name}") for name in CASES[case]]
    assert run(["diff", "--connections", *sides]) == 0
    ours = rows(capsys.readouterr().out)
    theirs = rows(Path(FOLDER, "diff", f"{case}.txt").read_text())
    ends = [end for row in (*ours, *theirs) for end in row[1:3]]
    cuts = sorted({cut for span in map(stretch, ends) if span for cut in span} - {LAST})
    assert expanded(ours, cuts) == expanded(theirs, cuts)


def test_every_expected_difference_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("diff/*.txt")} == set(CASES)
