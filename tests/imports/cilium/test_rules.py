"""Rules of Cilium: what isolates, what is required, who is a peer, and what is refused."""

import json
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from cpc.compiler.policy.inventory import ClusterNode, ClusterService, Inventory
from cpc.compiler.policy.model import Entity
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.texts import ccnp, cnp, entity, external, pod, verdict
from tests.imports.reading import clean, read

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY

SIDES = (("ingress", "from"), ("egress", "to"))


# --- isolation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "ingress", "egress"),
    [
        ("ingress: [{}]", DENY, ALLOW),
        ("egress: [{}]", ALLOW, DENY),
        ("ingress: []", ALLOW, ALLOW),
        ("ingressDeny: [{fromEntities: [health]}]", DENY, ALLOW),
        ("egressDeny: [{toEntities: [health]}]", ALLOW, DENY),
        ("ingress: [{fromRequires: [{}]}]", DENY, ALLOW),
        ("ingress: [{fromEndpoints: []}]", DENY, ALLOW),
        ("ingress: [{}]\nenableDefaultDeny: {ingress: false}", ALLOW, ALLOW),
        ("ingress: [{}]\nenableDefaultDeny: {ingress: false, egress: true}", ALLOW, DENY),
        ("ingress: [{}]\nenableDefaultDeny: {ingress: null}", DENY, ALLOW),
    ],
)
def test_what_isolates(rules: str, ingress: Verdict, egress: Verdict) -> None:
    policy = clean(cnp(rules))
    assert verdict(policy, "ingress", pod("lab")) is ingress
    assert verdict(policy, "egress", pod("lab")) is egress
    assert verdict(policy, "ingress", pod("lab"), subject=pod("lab")) is ALLOW


def test_a_rule_without_default_deny_still_denies() -> None:
    rules = "ingressDeny: [{fromEntities: [world]}]\nenableDefaultDeny: {ingress: false}"
    policy = clean(cnp(rules))
    assert policy.open_defaults and not policy.isolations
    assert verdict(policy, "ingress", entity(Entity.WORLD)) is DENY
    assert verdict(policy, "ingress", pod("lab")) is ALLOW


def test_nothing_to_say_is_a_warning() -> None:
    assert read(cnp("ingress: []")).codes == ["CPC826"]


# --- requires ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "side"), SIDES)
def test_requires_narrow_label_peers_of_every_policy(direction: str, side: str) -> None:
    needs = "{matchLabels: {env: prod}}, {matchLabels: {tier: a}}"
    texts = (
        cnp(f"{direction}: [{{{side}Requires: [{needs}]}}]"),
        cnp(
            f"{direction}:\n- {{{side}Endpoints: [{{matchLabels: {{app: lab}}}}]}}\n"
            f"- {{{side}Entities: [world]}}\n- {{toPorts: [{{ports: [{{port: '7'}}]}}]}}"
        ).replace("name: policy", "name: other"),
    )
    policy = clean("---\n".join(texts))
    assert verdict(policy, direction, pod("lab", env="prod", tier="a")) is ALLOW
    assert verdict(policy, direction, pod("lab", env="prod")) is DENY
    assert verdict(policy, direction, pod("lab", tier="a")) is DENY
    assert verdict(policy, direction, entity(Entity.WORLD)) is ALLOW
    assert verdict(policy, direction, pod("other"), "tcp/7") is ALLOW


# --- L3 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "side"), SIDES)
@pytest.mark.parametrize("member", ["Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups"])
def test_a_list_that_is_empty_matches_nothing(direction: str, side: str, member: str) -> None:
    found = read(cnp(f"{direction}: [{{{side}{member}: []}}]"))
    assert found.codes == ["CPC821"]
    for peer in (pod("lab"), entity(Entity.WORLD), entity(Entity.UNMANAGED)):
        assert verdict(found.policy, direction, peer) is DENY


@pytest.mark.parametrize(("direction", "side"), SIDES)
def test_an_empty_list_beside_another_still_matches_nothing(direction: str, side: str) -> None:
    found = read(cnp(f"{direction}: [{{{side}Endpoints: [], {side}Entities: [all]}}]"))
    assert verdict(found.policy, direction, pod("lab")) is DENY
    found = read(
        cnp(f"{direction}Deny: [{{{side}Entities: []}}]\n{direction}: [{{{side}Entities: [all]}}]")
    )
    assert verdict(found.policy, direction, pod("lab")) is ALLOW


@pytest.mark.parametrize(("direction", "side"), SIDES)
def test_members_do_not_combine(direction: str, side: str) -> None:
    found = read(cnp(f"{direction}: [{{{side}CIDR: [10.0.0.0/8], {side}Endpoints: [{{}}]}}]"))
    assert [d.code for d in found.errors] == ["CPC823"]


@pytest.mark.parametrize(("direction", "side"), SIDES)
def test_addresses(direction: str, side: str) -> None:
    rules = (
        f"{direction}:\n- {side}CIDR: [198.51.100.7, '2001:db8::/64']\n"
        f"- {side}CIDRSet: [{{cidr: 10.0.0.0/8, except: [10.96.0.0/12]}}]"
    )
    policy = clean(cnp(rules))
    for address, expected in {
        "198.51.100.6": DENY,
        "198.51.100.7": ALLOW,
        "198.51.100.8": DENY,
        "10.95.255.255": ALLOW,
        "10.96.0.0": DENY,
        "10.112.0.0": ALLOW,
        "11.0.0.0": DENY,
        "2001:db8::ffff": ALLOW,
        "2001:db8:0:1::": DENY,
    }.items():
        assert verdict(policy, direction, external(address)) is expected
    assert verdict(policy, direction, pod("lab")) is DENY


@pytest.mark.parametrize(("direction", "side"), SIDES)
def test_entities(direction: str, side: str) -> None:
    everyone = [e for e in Entity if e not in (Entity.ALL, Entity.CLUSTER)]
    everyone = [e for e in everyone if not e.startswith("world-")]
    for one in everyone:
        policy = clean(ccnp(f"{direction}: [{{{side}Entities: [{one}]}}]"))
        for other in everyone:
            expected = (
                ALLOW if other is one or other is Entity.HOST and direction == "ingress" else DENY
            )
            assert verdict(policy, direction, entity(other)) is expected
    policy = clean(cnp(f"{direction}: [{{{side}Entities: [all]}}]"))
    assert verdict(policy, direction, entity(Entity.UNMANAGED)) is ALLOW
    policy = clean(cnp(f"{direction}: [{{{side}Entities: [cluster]}}]"))
    assert verdict(policy, direction, pod("lab", "other")) is ALLOW
    assert verdict(policy, direction, entity(Entity.WORLD)) is DENY
    policy = clean(cnp(f"{direction}: [{{{side}Entities: [world-ipv6]}}]"))
    assert verdict(policy, direction, external("2001:db8::1")) is ALLOW
    assert verdict(policy, direction, external("192.0.2.1")) is DENY
    policy = clean(cnp(f"{direction}: [{{{side}Entities: [none]}}]"))
    assert verdict(policy, direction, entity(Entity.WORLD)) is DENY


def test_dns_names() -> None:
    names = "{matchName: Api.Example.com.}, {matchPattern: '*.cdn.example.com'}"
    policy = clean(cnp(f"egress: [{{toFQDNs: [{names}]}}, {{toFQDNs: [{{matchName: b.org}}]}}]"))
    for name, expected in {
        "api.example.com": ALLOW,
        "x.api.example.com": DENY,
        "a.cdn.example.com": ALLOW,
        "a.b.cdn.example.com": DENY,
        "b.org": ALLOW,
    }.items():
        assert verdict(policy, "egress", external("192.0.2.1", name)) is expected
    assert verdict(policy, "egress", external("192.0.2.1")) is DENY


# --- services and nodes ------------------------------------------------------------------------

CLUSTER = Inventory(
    services=(
        ClusterService("default", "api", (("tier", "a"),), (("app", "api"),)),
        ClusterService("default", "bare"),
        ClusterService("shop", "api", (), (("app", "api"),)),
        ClusterService("shop", "out", (("tier", "b"),), None, listed=(ip_address("192.0.2.9"),)),
    ),
    nodes=(
        ClusterNode("one", (("disk", "ssd"),), (ip_address("172.18.0.2"), ip_address("fd00::2"))),
        ClusterNode("two", (), (ip_address("172.18.0.3"),)),
    ),
)


@pytest.mark.parametrize(
    ("service", "default", "shop", "outside"),
    [
        ("k8sService: {serviceName: api, namespace: default}", ALLOW, DENY, DENY),
        ("k8sService: {serviceName: api, namespace: shop}", DENY, ALLOW, DENY),
        ("k8sService: {serviceName: api}", ALLOW, ALLOW, DENY),
        ("k8sService: {serviceName: out, namespace: shop}", DENY, DENY, ALLOW),
        ("k8sServiceSelector: {selector: {matchLabels: {tier: a}}}", ALLOW, DENY, DENY),
        (
            "k8sServiceSelector: {selector: {matchLabels: {'k8s:tier': b}}, namespace: shop}",
            DENY,
            DENY,
            ALLOW,
        ),
        (
            "k8sServiceSelector: {selector: {matchExpressions: [{key: tier, operator: In, values: [a, c]}]}}",
            ALLOW,
            DENY,
            DENY,
        ),
    ],
)
def test_services(service: str, default: Verdict, shop: Verdict, outside: Verdict) -> None:
    policy = clean(cnp(f"egress: [{{toServices: [{{{service}}}]}}]"), inventory=CLUSTER)
    assert verdict(policy, "egress", pod("api")) is default
    assert verdict(policy, "egress", pod("api", "shop")) is shop
    assert verdict(policy, "egress", external("192.0.2.9")) is outside


@pytest.mark.parametrize("inventory", [None, CLUSTER])
@pytest.mark.parametrize(
    ("service", "named"),
    [
        ("k8sService: {serviceName: apis, namespace: shop}", "`shop/apis`"),
        ("k8sService: {serviceName: bare}", "bare`"),
        ("k8sServiceSelector: {selector: {matchLabels: {tier: z}}}", "`tier=z`"),
    ],
)
def test_a_service_that_is_missing_is_named(
    service: str, named: str, inventory: Inventory | None
) -> None:
    found = read(cnp(f"egress: [{{toServices: [{{{service}}}]}}]"), inventory=inventory)
    assert [d.code for d in found.errors] == ["CPC827"]
    assert named in found.errors[0].message and "--inventory" in found.errors[0].help[0]


BESIDE = """
---
{apiVersion: v1, kind: Service, metadata: {name: apis, namespace: shop, labels: {tier: a}},
 spec: {selector: {app: api}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: outside, namespace: shop}, spec: {ports: [{port: 80}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: outside-1, namespace: shop, labels: {kubernetes.io/service-name: outside}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.9]}]
---
{apiVersion: v1, kind: Pod, metadata: {name: broken, labels: [none]}, spec: {}}
"""


@pytest.mark.parametrize(
    ("service", "inside", "outside"),
    [
        ("k8sService: {serviceName: apis, namespace: shop}", ALLOW, DENY),
        ("k8sService: {serviceName: apis}", ALLOW, DENY),
        ("k8sService: {serviceName: outside, namespace: shop}", DENY, ALLOW),
        ("k8sServiceSelector: {selector: {matchLabels: {tier: a}}}", ALLOW, DENY),
    ],
)
def test_services_beside_the_policy_are_known(
    service: str, inside: Verdict, outside: Verdict
) -> None:
    policy = clean(cnp(f"egress: [{{toServices: [{{{service}}}]}}]") + BESIDE)
    assert verdict(policy, "egress", pod("api", "shop")) is inside
    assert verdict(policy, "egress", external("192.0.2.9")) is outside


def test_an_inventory_is_all_that_is_known() -> None:
    rules = "egress: [{toServices: [{k8sService: {serviceName: apis, namespace: shop}}]}]"
    found = read(cnp(rules) + BESIDE, inventory=Inventory())
    assert [d.code for d in found.errors] == ["CPC827"]


def test_what_is_wrong_with_services_is_said_where_they_matter() -> None:
    broken = "\n---\n{apiVersion: v1, kind: Service, metadata: {name: apis}, spec: {selector: [x]}}"
    assert read(cnp("egress: [{}]") + broken).codes == []
    found = read(cnp("egress: [{toServices: [{k8sService: {serviceName: apis}}]}]") + broken)
    assert found.codes == ["CPC702", "CPC827"]


@pytest.mark.parametrize(
    ("service", "codes"),
    [
        ("k8sService: {serviceName: apis, namespace: shop}", []),
        ("k8sService: {serviceName: apis}", ["CPC827"]),
        ("k8sServiceSelector: {selector: {matchLabels: {tier: a}}}", ["CPC827"]),
    ],
)
def test_services_that_are_denied_must_be_all_that_there_are(
    service: str, codes: list[str]
) -> None:
    found = read(cnp(f"egressDeny: [{{toServices: [{{{service}}}]}}]") + BESIDE)
    assert [d.code for d in found.errors] == codes


def test_nodes() -> None:
    rules = "ingress: [{fromNodes: [{matchLabels: {disk: ssd}}]}]"
    policy = clean(cnp(rules), inventory=CLUSTER)
    for address, expected in (("172.18.0.2", ALLOW), ("172.18.0.3", DENY)):
        node = replace(entity(Entity.REMOTE_NODE), address=ip_address(address))
        assert verdict(policy, "ingress", node) is expected
    for inventory in (None, Inventory(nodes=CLUSTER.nodes[1:])):
        found = read(cnp(rules), inventory=inventory)
        assert [(d.code, "`disk=ssd`" in d.message) for d in found.errors] == [("CPC827", True)]


# --- what is refused, and what is not ----------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("ingress: [{fromGroups: [{aws: {}}]}]", "CPC809"),
        ("ingress: [{fromCIDRSet: [{cidrGroupRef: vpn}]}]", "CPC809"),
        ("ingress: [{fromCIDRSet: [{cidrGroupSelector: {}}]}]", "CPC809"),
        ("ingress: [{fromEntities: [ingress]}]", "CPC809"),
        ("ingress: [{fromEntities: [wolrd]}]", "CPC804"),
        ("ingress: [{authentication: {mode: required}}]", "CPC809"),
        ("ingress: [{auth: {type: always-fail}}]", "CPC809"),
        ("ingressDeny: [{fromRequires: [{}]}]", "CPC809"),
        ("ingressDeny: [{authentication: {mode: disabled}}]", "CPC703"),
        ("egressDeny: [{toFQDNs: [{matchName: a.com}]}]", "CPC703"),
        ("ingress: [null]", "CPC804"),
        ("ingress: {}", "CPC702"),
        ("ingress: [{fromCIDR: [10.0.0.0/33]}]", "CPC804"),
        ("ingress: [{fromCIDR: [office]}]", "CPC804"),
        ("ingress: [{fromCIDRSet: [{cidr: 10.0.0.1}]}]", "CPC804"),
        ("ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]", "CPC313"),
        ("egress: [{toFQDNs: [{}]}]", "CPC804"),
        ("egress: [{toFQDNs: [{matchName: '*.a.com'}]}]", "CPC804"),
        ("egress: [{toFQDNs: [{matchName: a.com, matchPattern: '*'}]}]", "CPC823"),
        ("enableDefaultDeny: {ingress: maybe}", "CPC702"),
        ("nodeSelector: {}", "CPC809"),
        ("ingres: [{}]", "CPC703"),
    ],
)
def test_each_refusal_has_a_place_and_help(rules: str, code: str) -> None:
    found = read(cnp(rules))
    assert [d.code for d in found.errors] == [code]
    error = found.errors[0]
    assert error.help and error.span is not None and error.span.line == 6


def test_authentication_that_asks_for_nothing() -> None:
    text = "ingress: [{fromEndpoints: [{}], authentication: {mode: disabled}}]"
    assert read(cnp(text)).codes == []
    assert read(
        cnp(text.replace("authentication: {mode: disabled}", "auth: {type: 'null'}"))
    ).codes == ["CPC826"]


# --- objects -----------------------------------------------------------------------------------


def test_rules_of_one_object_and_their_names() -> None:
    text = (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a.b, namespace: shop}\n"
        "spec: {endpointSelector: {}, ingress: [{}], description: 'one\n\n  two'}\n"
        "specs: [{endpointSelector: {}, egress: [{}], labels: [{key: x}]}]\nstatus: {}\n"
    )
    found = read(text)
    assert found.codes == []
    assert 'policy a-b namespace "shop"' in found.text
    assert 'policy a-b-2 namespace "shop"' in found.text
    assert "/// one\n/// two\n" in found.text


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ([{"key": "name", "value": "rule1"}], "rule1"),
        (
            [{"key": "x", "value": "y"}, {"key": "name", "value": "rule 1", "source": "k8s"}],
            "rule-1",
        ),
        (["k8s:name=rule1"], "rule1"),
        ([], "Rule"),
    ],
)
def test_a_rule_of_json_has_the_name_of_its_label(labels: object, name: str) -> None:
    rule = {"labels": labels, "endpointSelector": {}, "ingress": [{}]}
    assert f"policy {name} {{" in read(json.dumps([rule]), "rules.json").text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kind: CiliumNetworkPolicy\nmetadata: {name: a}", "CPC804"),
        ("kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {ingress: [{}]}", "CPC804"),
        ("kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: []", "CPC702"),
        (
            "kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: a}\nspec: {nodeSelector: {}}",
            "CPC809",
        ),
        ("kind: CiliumNetworkPolicies\nmetadata: {name: a}\nspec: {}", "CPC809"),
    ],
)
def test_objects_that_are_no_policy(text: str, code: str) -> None:
    found = read(f"apiVersion: cilium.io/v2\n{text}\n")
    assert code in [d.code for d in found.errors]


def test_a_later_version_is_refused() -> None:
    text = cnp("ingress: [{}]").replace("cilium.io/v2", "cilium.io/v3")
    assert [d.code for d in read(text).errors] == ["CPC808"]
