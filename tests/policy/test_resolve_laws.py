"""Laws of resolving: any tree at all is resolved without a crash, and the answer keeps its promises."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.lint.pages import PAGES
from cpc.compiler.policy.model import Action, Cidr, NamedPort, Policy, Selector, Tier
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.syntax import tree
from cpc.compiler.verify.coverage import check_coverage
from cpc.compiler.verify.verified import unenforced
from tests.policy.resolving import inventory_of
from tests.syntax.strategies import files

INVENTORY = inventory_of("""
cluster: [10.0.0.0/8]
endpoints:
  - {name: a, labels: {app: web}, addresses: [10.0.0.1], ports: {http: tcp/80, dns: udp/53}}
""")


def _networks_are_well_formed(selector: Selector) -> bool:
    terms = [t.term if isinstance(t, NamedPort) else t for t in selector]
    return all(
        hole.version == t.network.version and int(hole.network_address) >= int(t.network[0])
        for t in terms
        if isinstance(t, Cidr)
        for hole in t.excepts
    )


def _keeps_its_promises(policy: Policy) -> None:
    assert list(policy.rules) == sorted(policy.rules, key=lambda r: r.key)
    for rule in policy.rules:
        assert rule.subject, "a half has a subject"
        assert rule.l7 is None or rule.action is Action.ALLOW
        assert rule.tier is not Tier.NORMAL or (rule.priority, rule.block, rule.index) == (0, 0, 0)
        assert rule.action is not Action.PASS or rule.tier is not Tier.NORMAL
        assert rule.ports is None or tuple(sorted(set(rule.ports))) == rule.ports
        assert all(
            0 <= p.low <= p.high <= 65535 and 0 <= p.protocol <= 255 for p in rule.ports or ()
        )
        assert _networks_are_well_formed(rule.peers)


@given(st.lists(files, min_size=1, max_size=2), st.booleans())
@settings(max_examples=80)
def test_any_tree_resolves_to_a_policy_and_known_diagnostics(
    trees: list[tree.File], known: bool
) -> None:
    policy, _, found = resolve(trees, {}, INVENTORY if known else None)
    _keeps_its_promises(policy)
    for diagnostic in (*found, *check_coverage(policy), *unenforced(policy)):
        assert diagnostic.code in PAGES
        assert diagnostic.help and "\n" not in diagnostic.message
        assert diagnostic.span is not None
