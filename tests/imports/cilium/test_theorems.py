"""The published mistakes of Cilium, from the documents: no import brings them back.

`tests/policy/test_theorems.py` proves the same of policies of the language.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.flow import OPAQUE, HttpRequest
from cpc.compiler.policy.model import Entity
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.texts import ccnp, cnp, entity, external, pod, verdict
from tests.imports.reading import clean

ALLOW, DENY, REDIRECT = Verdict.ALLOW, Verdict.DENY, Verdict.REDIRECT
ADMIN = HttpRequest("GET", "/admin")


def _http(peer: str, matcher: str) -> str:
    return (
        f"- fromEndpoints: [{{matchLabels: {{app: {peer}}}}}]\n"
        f"  toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: [{matcher}]}}}}]\n"
    )


@given(st.permutations([_http("lab", "{}"), _http("shop", "{path: /public}"), "- {}\n"]))
@settings(max_examples=6)
def test_cve_2023_30851_an_http_wildcard_frees_only_its_own_selector(rules: list[str]) -> None:
    policy = clean(cnp("ingress:\n" + "".join(rules)))
    assert verdict(policy, "ingress", pod("lab"), request=ADMIN) is ALLOW
    assert verdict(policy, "ingress", pod("shop"), request=ADMIN) is DENY
    assert verdict(policy, "ingress", pod("shop"), request=HttpRequest("GET", "/public")) is ALLOW
    assert verdict(policy, "ingress", pod("shop")) is REDIRECT
    for peer in ("lab", "shop"):
        assert verdict(policy, "ingress", pod(peer), request=OPAQUE) is DENY


@given(st.integers(1, 80), st.integers(80, 65535))
@settings(max_examples=30)
def test_cve_2024_52529_a_range_of_one_peer_leaves_requests_of_another(low: int, high: int) -> None:
    ranged = f"[{{ports: [{{port: '{low}', endPort: {high}, protocol: TCP}}]}}]"
    rules = f"- {{fromEndpoints: [{{matchLabels: {{app: lab}}}}], toPorts: {ranged}}}\n"
    policy = clean(cnp("ingress:\n" + rules + _http("shop", "{path: /public}")))
    assert verdict(policy, "ingress", pod("lab")) is ALLOW
    assert verdict(policy, "ingress", pod("shop")) is REDIRECT
    assert verdict(policy, "ingress", pod("shop"), request=ADMIN) is DENY
    assert verdict(policy, "ingress", pod("shop"), f"tcp/{high}", ADMIN) is DENY


@given(
    st.sampled_from(["fromCIDR: [10.1.0.0/16]", "fromCIDRSet: [{cidr: 10.1.0.0/16}]"]), st.data()
)
@settings(max_examples=30)
def test_ghsa_3wwx_63fv_pfq6_a_deny_on_a_prefix_is_not_ignored(
    denied: str, data: st.DataObject
) -> None:
    allowed = [
        "{fromCIDR: [10.1.9.0/24]}",
        "{fromCIDR: [10.0.0.0/8]}",
        "{fromEntities: [world, all]}",
    ]
    rules = data.draw(st.permutations(allowed))
    policy = clean(cnp(f"ingress: [{', '.join(rules)}]\ningressDeny: [{{{denied}}}]"))
    for address in ("10.1.0.0", "10.1.9.7", "10.1.255.255"):
        assert verdict(policy, "ingress", external(address)) is DENY
    for address in ("10.0.255.255", "10.2.0.0", "192.0.2.1"):
        assert verdict(policy, "ingress", external(address)) is ALLOW


@given(st.integers(1, 65535), st.integers(1, 65535), st.integers(0, 65535))
@settings(max_examples=60)
def test_cilium_28684_end_port_is_not_ignored(one: int, other: int, port: int) -> None:
    low, high = sorted((one, other))
    text = (
        f"egress: [{{toPorts: [{{ports: [{{port: '{low}', endPort: {high}, protocol: UDP}}]}}]}}]"
    )
    policy = clean(cnp(text))
    for asked in (low - 1, low, high, high + 1, port):
        expected = ALLOW if low <= asked <= high else DENY
        assert verdict(policy, "egress", pod("lab"), f"udp/{asked}") is expected
        assert verdict(policy, "egress", pod("lab"), f"tcp/{asked}") is DENY


def test_cilium_48027_a_label_named_like_an_entity_is_no_entity() -> None:
    """A key `host` is a label of pods, whatever its source is said to be."""
    for key in ("host", "any:host", "k8s:host"):
        policy = clean(ccnp(f"ingress: [{{fromEndpoints: [{{matchLabels: {{'{key}': ''}}}}]}}]"))
        assert verdict(policy, "ingress", pod("lab", host="")) is ALLOW
        assert verdict(policy, "ingress", entity(Entity.REMOTE_NODE)) is DENY
    for one in (Entity.WORLD, Entity.REMOTE_NODE, Entity.HEALTH, Entity.INIT):
        policy = clean(cnp(f"ingress: [{{fromEntities: [{one}]}}]"))
        labelled = pod("lab", **{one.value: ""})
        assert verdict(policy, "ingress", labelled) is DENY
        assert verdict(policy, "ingress", entity(one)) is ALLOW


def test_ghsa_38pp_6gcp_rqvm_a_selector_of_nobody_is_not_everybody() -> None:
    for nobody in ("fromEndpoints: []", "fromEntities: []", "fromEntities: [none]", "fromCIDR: []"):
        policy = clean(cnp(f"ingress: [{{{nobody}}}]"))
        for peer in (pod("lab"), external("192.0.2.1"), entity(Entity.UNMANAGED)):
            assert verdict(policy, "ingress", peer) is DENY
        policy = clean(cnp(f"ingressDeny: [{{{nobody}}}]\ningress: [{{fromEntities: [all]}}]"))
        assert verdict(policy, "ingress", pod("lab")) is ALLOW


def test_cve_2026_56743_an_address_block_is_no_endpoint() -> None:
    policy = clean(cnp("ingress: [{fromCIDRSet: [{cidr: 0.0.0.0/0, except: [192.0.2.0/24]}]}]"))
    assert verdict(policy, "ingress", external("8.8.8.8")) is ALLOW
    assert verdict(policy, "ingress", external("192.0.2.1")) is DENY
    for peer in (pod("lab"), pod("lab", "other"), entity(Entity.UNMANAGED)):
        assert verdict(policy, "ingress", peer) is DENY
