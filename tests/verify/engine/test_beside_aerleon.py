"""What aerleon's shade check says of ordered lists is found too, and what it cannot see: it compares two terms
at a time.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network

import pytest
from aerleon.lib import naming, policy
from msgspec.structs import replace

from benchmarks.acl import Term, aerleon_text, cil_text, definitions_text, terms
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.findings import FindingKind
from tests.nightly import times

WITHOUT_EFFECT = {FindingKind.SHADOWED, FindingKind.DUPLICATE}


def shaded(listed: Sequence[Term], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The terms that aerleon warns of."""
    said: set[str] = set()
    warned = "aerleon.lib.policy.logging.warning"
    monkeypatch.setattr(warned, lambda text, *_: said.add(text.split()[0]))
    networks, services = definitions_text(listed)
    known = naming.Naming()
    known.ParseNetworkList(networks.splitlines())
    known.ParseServiceList(services.splitlines())
    policy.ParsePolicy(aerleon_text(listed), known, optimize=False, shade_check=True)
    return said


def without_effect(listed: Sequence[Term]) -> dict[str, int]:
    """The rules that the engine finds to decide nothing, and how many others it takes for that."""
    file, _ = parse(SourceFile("list.cil", cil_text(listed)))
    resolved, _, _ = resolve((file,), {}, None)
    found = [f for f in analyse(resolved, notes=False) if f.kind in WITHOUT_EFFECT]
    return {f.rule.origin.name: len(f.others) for f in found}


def with_union(listed: Sequence[Term]) -> list[Term]:
    """A list that begins with a term behind one for each half of its network."""
    networks = ((t, s) for t in listed for s in t.sources if isinstance(s, IPv4Network))
    term, network = next((t, s) for t, s in networks if s.prefixlen < s.max_prefixlen)
    halves = [
        replace(term, name=f"half{n}", sources=(half,), allow=bool(n))
        for n, half in enumerate(network.subnets())
    ]
    return [*halves, replace(term, name="union", sources=(network,)), *listed]


def test_what_aerleon_calls_shaded_is_found_and_unions_are_found_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = 0
    for seed in range(times(20)):
        listed = with_union(terms(60, seed, pool=1))
        theirs, ours = shaded(listed, monkeypatch), without_effect(listed)
        assert theirs <= ours.keys(), seed
        beyond = ours.keys() - theirs
        assert all(ours[name] > 1 for name in beyond), seed
        assert "union" in beyond, seed
        both += len(theirs)
    assert both > 20
