"""Selectors of Cilium: sources, namespaces, reserved labels; in each of its three kinds of policy."""

from collections.abc import Callable

import pytest

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import Entity
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.texts import ccnp, cnp, entity, pod, verdict
from tests.imports.reading import clean, read

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY


def peers(selector: str) -> str:
    return f"ingress: [{{fromEndpoints: [{selector}]}}]"


def test_a_policy_is_about_its_own_namespace_on_both_sides() -> None:
    policy = clean(cnp(peers("{matchLabels: {app: lab}}"), "shop"))
    web = pod(namespace="shop")
    assert verdict(policy, "ingress", pod("lab", "shop"), subject=web) is ALLOW
    assert verdict(policy, "ingress", pod("lab", "other"), subject=web) is DENY
    assert verdict(policy, "ingress", pod("lab", "other")) is ALLOW  # another web: not isolated


def test_without_a_namespace_a_policy_is_in_default() -> None:
    policy = clean(cnp(peers("{}")))
    assert verdict(policy, "ingress", pod("lab")) is ALLOW
    assert verdict(policy, "ingress", pod("lab", "shop")) is DENY
    assert verdict(policy, "ingress", entity(Entity.INIT)) is DENY


@pytest.mark.parametrize(
    "selector",
    [
        "{matchLabels: {'k8s:io.kubernetes.pod.namespace': shop, app: lab}}",
        "{matchLabels: {io.kubernetes.pod.namespace: shop, app: lab}}",
        "{matchLabels: {'any:io.kubernetes.pod.namespace': shop, 'k8s:app': lab}}",
        "{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': b, app: lab}}",
        "{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [x]}]}",
        "{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}",
    ],
)
def test_a_peer_that_speaks_of_namespaces_says_all_of_it(selector: str) -> None:
    codes = ["CPC828"] if "NotIn" in selector else []
    found = read(cnp(peers(selector)))
    assert found.codes == codes
    assert verdict(found.policy, "ingress", pod("lab", "shop", ns_team="b")) is ALLOW
    found = read(ccnp(peers(selector)))
    assert found.codes == codes
    policy = found.policy
    assert verdict(policy, "ingress", pod("lab", "shop", ns_team="b")) is ALLOW


def test_a_subject_stays_in_its_namespace_whatever_it_says() -> None:
    subject = "{matchLabels: {'k8s:io.kubernetes.pod.namespace': shop, app: web}}"
    found = read(cnp("ingress: [{}]", "bank", subject))
    assert found.codes == ["CPC824"]
    assert verdict(found.policy, "ingress", pod("lab"), subject=pod(namespace="bank")) is DENY
    assert verdict(found.policy, "ingress", pod("lab"), subject=pod(namespace="shop")) is ALLOW


def test_a_clusterwide_peer_is_a_pod_of_some_namespace() -> None:
    """`{}` is every endpoint that Kubernetes knows: not those without labels, not the host."""
    policy = clean(ccnp(peers("{}"), "{}"))
    assert verdict(policy, "ingress", pod("lab", "shop")) is ALLOW
    for one in (Entity.INIT, Entity.HEALTH, Entity.REMOTE_NODE, Entity.WORLD):
        assert verdict(policy, "ingress", entity(one)) is DENY
    assert verdict(policy, "ingress", pod("lab"), subject=entity(Entity.INIT)) is ALLOW
    assert verdict(policy, "ingress", entity(Entity.WORLD), subject=entity(Entity.INIT)) is DENY


def test_a_rule_of_json_takes_selectors_as_they_are() -> None:
    text = '[{"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"fromEndpoints": [{}]}]}]'
    policy = clean(text, "rules.json")
    assert verdict(policy, "ingress", pod("lab", "shop")) is ALLOW
    assert verdict(policy, "ingress", entity(Entity.INIT)) is ALLOW
    assert verdict(policy, "ingress", entity(Entity.WORLD)) is DENY
    assert verdict(policy, "ingress", entity(Entity.WORLD), subject=pod("web", "shop")) is DENY


@pytest.mark.parametrize("name", ["init.json", "init.yaml", "init.yml", "one.JSON"])
def test_one_rule_is_a_file_too(name: str) -> None:
    found = read('{"endpointselector": {}, "Ingress": [{}]}', name)
    assert found.codes == ["CPC820", "CPC820"] and not found.errors
    assert verdict(found.policy, "ingress", pod("lab")) is DENY


def test_a_source_is_before_the_first_colon() -> None:
    mesos = Party("m", True, frozenset({Label("mesos", "app", "lab")}))
    for key, allowed in {
        "app": ALLOW,
        "'any:app'": ALLOW,
        "'mesos:app'": ALLOW,
        "'k8s:app'": DENY,
    }.items():
        text = f"[{{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{{matchLabels: {{{key}: lab}}}}]}}]}}]"
        assert verdict(clean(text), "ingress", mesos) is allowed


@pytest.mark.parametrize(
    ("selector", "one"),
    [
        ("{matchLabels: {'reserved:host': ''}}", Entity.HOST),
        ("{matchLabels: {reserved.world: ''}}", Entity.WORLD),
        ("{matchExpressions: [{key: 'reserved:health', operator: Exists}]}", Entity.HEALTH),
        ("{matchExpressions: [{key: 'reserved:init', operator: In, values: ['']}]}", Entity.INIT),
        ("{matchLabels: {'reserved:kube-apiserver': ''}}", Entity.KUBE_APISERVER),
        ("{matchLabels: {'reserved:remote-node': ''}}", Entity.REMOTE_NODE),
    ],
)
def test_a_reserved_label_is_an_entity(selector: str, one: Entity) -> None:
    for text in (cnp(peers(selector)), ccnp(peers(selector))):
        policy = clean(text)
        assert verdict(policy, "ingress", entity(one)) is ALLOW
        assert verdict(policy, "ingress", pod("lab")) is DENY


@pytest.mark.parametrize(
    ("selector", "code"),
    [
        ("{matchLabels: {'reserved:host': '', app: web}}", "CPC822"),
        ("{matchLabels: {'reserved:host': yes-it-is}}", "CPC822"),
        ("{matchExpressions: [{key: 'reserved:host', operator: DoesNotExist}]}", "CPC822"),
        ("{matchLabels: {'cidr:10.0.0.0': ''}}", "CPC822"),
        ("{matchLabels: {'docker:app': web}}", "CPC822"),
        ("{matchLabels: {'reserved:hots': ''}}", "CPC804"),
        ("{matchLabels: {'reserved:ingress': ''}}", "CPC809"),
        ("{matchLabels: {app: -}}", "CPC804"),
        ("null", "CPC804"),
        ("{matchExpressions: [{key: app, operator: Inn, values: [a]}]}", "CPC804"),
    ],
)
def test_what_cannot_be_selected(selector: str, code: str) -> None:
    found = read(cnp(peers(selector)))
    assert [d.code for d in found.errors] == [code]
    assert found.errors[0].span is not None and found.errors[0].span.line == 6
    assert found.errors[0].help


def test_init_and_health_are_subjects_and_the_host_is_none() -> None:
    for one in (Entity.INIT, Entity.HEALTH):
        subject = f"{{matchLabels: {{'reserved:{one}': ''}}}}"
        policy = clean(ccnp("ingress: [{fromEntities: [remote-node]}]", subject))
        assert verdict(policy, "ingress", pod(), subject=entity(one)) is DENY
        assert verdict(policy, "ingress", entity(Entity.REMOTE_NODE), subject=entity(one)) is ALLOW
        found = read(cnp(peers("{}"), "shop", subject))
        assert found.codes == ["CPC825"]
        for namespace, expected in (("shop", ALLOW), ("other", DENY)):
            flow = verdict(found.policy, "ingress", pod("a", namespace), subject=entity(one))
            assert flow is expected
    host = read(ccnp("ingress: [{}]", "{matchLabels: {'reserved:host': ''}}"))
    assert [d.code for d in host.errors] == ["CPC809"]


def test_an_init_subject_has_init_peers() -> None:
    """As in Cilium, `{}` then takes endpoints without a namespace too."""
    policy = clean(ccnp(peers("{}"), "{matchLabels: {'reserved:init': ''}}"))
    assert verdict(policy, "ingress", entity(Entity.HEALTH), subject=entity(Entity.INIT)) is ALLOW


def test_expressions() -> None:
    selector = (
        "{matchLabels: {app: lab}, matchExpressions: [{key: env, operator: NotIn, values: [prod]}, "
        "{key: old, operator: DoesNotExist}]}"
    )
    policy = clean(cnp(peers(selector)))
    assert verdict(policy, "ingress", pod("lab")) is ALLOW
    assert verdict(policy, "ingress", pod("lab", env="test")) is ALLOW
    assert verdict(policy, "ingress", pod("lab", env="prod")) is DENY
    assert verdict(policy, "ingress", pod("lab", old="")) is DENY


def test_an_init_subject_of_json_has_peers_of_every_namespace() -> None:
    text = "[{endpointSelector: {matchLabels: {'reserved:init': ''}}, ingress: [{fromEndpoints: [{}]}]}]"
    policy = clean(text)
    assert verdict(policy, "ingress", pod("lab", "shop"), subject=entity(Entity.INIT)) is ALLOW
    assert verdict(policy, "ingress", entity(Entity.WORLD), subject=entity(Entity.INIT)) is DENY


NOT_IN_X = (
    "matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [x]}]"
)
NO_ENDPOINTS = (Entity.WORLD, Entity.REMOTE_NODE, Entity.KUBE_APISERVER, Entity.INIT)


def denied(selector: str) -> str:
    return f"ingress: [{{fromEntities: [all]}}]\ningressDeny: [{{fromEndpoints: [{selector}]}}]"


@pytest.mark.parametrize("policy", [cnp, ccnp])
def test_a_denied_selector_without_a_label_that_is_there_denies_the_world_too(
    policy: Callable[[str], str],
) -> None:
    found = read(policy(denied(f"{{{NOT_IN_X}}}")))
    assert found.codes == ["CPC828"]
    for one in NO_ENDPOINTS:
        assert verdict(found.policy, "ingress", entity(one)) is DENY, one
    assert verdict(found.policy, "ingress", pod("lab", "shop")) is DENY
    assert verdict(found.policy, "ingress", pod("lab", "x")) is ALLOW


@pytest.mark.parametrize(
    "selector",
    [
        f"{{matchLabels: {{app: lab}}, {NOT_IN_X}}}",
        NOT_IN_X.join("{}").replace("}]", "}, {key: app, operator: Exists}]"),
        "{matchExpressions: [{key: app, operator: NotIn, values: [x]}]}",
        "{}",
    ],
)
def test_a_denied_selector_of_endpoints_denies_endpoints(selector: str) -> None:
    policy = clean(ccnp(denied(selector)))
    for one in NO_ENDPOINTS:
        assert verdict(policy, "ingress", entity(one)) is ALLOW, one
    assert verdict(policy, "ingress", pod("lab", "shop")) is DENY


def test_an_allowed_selector_without_a_label_that_is_there_allows_endpoints_only() -> None:
    found = read(ccnp(peers(f"{{{NOT_IN_X}}}")))
    assert found.codes == ["CPC828"]
    assert verdict(found.policy, "ingress", entity(Entity.WORLD)) is DENY
    assert verdict(found.policy, "ingress", pod("lab", "shop")) is ALLOW


def test_in_json_a_selector_that_only_forbids_denies_the_world_too() -> None:
    """A key without a source may be one of source `reserved`: it keeps out the entity of that name."""
    expressions = '[{"key": "remote-node", "operator": "DoesNotExist"}, {"key": "app", "operator": "DoesNotExist"}]'
    text = (
        '[{"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"fromEntities": ["all"]}],'
        f' "ingressDeny": [{{"fromEndpoints": [{{"matchExpressions": {expressions}}}]}}]}}]'
    )
    found = read(text, "rules.json")
    assert found.codes == ["CPC828"]
    assert verdict(found.policy, "ingress", entity(Entity.WORLD)) is DENY
    assert verdict(found.policy, "ingress", entity(Entity.REMOTE_NODE)) is ALLOW
    assert verdict(found.policy, "ingress", pod("lab", "shop")) is ALLOW
