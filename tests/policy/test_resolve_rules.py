"""Rules to halves, namespaces, defaults, tiers, requirements, and what is left for later stages."""

from ipaddress import ip_address
from itertools import product

import pytest

from cpc.compiler.policy.claims import AssertKind
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import DnsQuery, Flow, HttpRequest, KafkaElement, KafkaRequest
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import (
    Action,
    AllOf,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Has,
    In,
    KafkaMatch,
    LabelExpr,
    LabelKey,
    Mode,
    NamedPort,
    PortName,
    PortRange,
    Protocol,
    ServiceTerm,
    Tier,
)
from cpc.compiler.policy.semantics import Reason, Verdict
from tests.policy.resolving import clean, codes, half, inventory_of, outcome

NAMES = """
endpoints web = { app = "web" }
endpoints db = { app = "db" }
cidr office = [10.1.0.0/16]
fqdn api = ["api.example.com"]
service shop {
  vip 10.96.0.10
  port tcp/80 -> 8080
  backends web
}
"""
WEB = In(LabelKey("any", "app"), ("web",))
DB = In(LabelKey("any", "app"), ("db",))
IN_SHOP = In(LabelKey("k8s", NAMESPACE_KEY), ("shop",))


def term(expr: LabelExpr) -> tuple[EndpointTerm]:
    return (EndpointTerm(expr),)


# --- halves ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "halves"),
    [
        ("allow web -> db", "ingress egress"),
        ("deny web -> db tcp/22", "ingress egress"),
        ("ingress allow web -> db", "ingress"),
        ("egress allow web -> db", "egress"),
        ("allow office -> web", "ingress"),
        ("allow web -> office", "egress"),
        ("allow web -> api tcp/443", "egress"),
        ("deny world -> all", "ingress"),
        ("allow web -> world-ipv6", "egress"),
        ("allow host -> web", "ingress"),
        ("allow remote-node -> cluster", "ingress"),
        ("allow web -> kube-apiserver", "egress"),
        ("allow web -> unmanaged", "egress"),
        ("allow init -> health", "ingress egress"),
        ("allow all -> all", "ingress egress"),
        ("allow web -> shop", "ingress egress"),
        ("allow web, office -> db", "ingress egress"),
        ("allow web -> db, office", "ingress egress"),
        ("allow {} -> db", "ingress egress"),
    ],
)
def test_halves(rule: str, halves: str) -> None:
    policy = clean(NAMES + rule)
    assert [r.direction.value for r in policy.rules] == halves.split()


def test_a_half_has_its_subject_on_its_own_side_and_only_endpoints_there() -> None:
    policy = clean(NAMES + "allow web, office -> db, world")
    ingress, egress = half(policy, "ingress"), half(policy, "egress")
    assert ingress.subject == term(DB)
    assert ingress.peers[:1] == term(WEB) and len(ingress.peers) == 2
    assert egress.subject == term(WEB)
    assert egress.peers == (EndpointTerm(DB), EntityTerm(Entity.WORLD))
    assert ingress.origin == egress.origin


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("ingress allow web -> world", "CPC330"),
        ("egress allow office -> db", "CPC330"),
        ("egress allow web, office -> db", "CPC330"),
        ("ingress allow web -> db, host", "CPC330"),
        ("allow web, office -> world", "CPC330"),
        ("allow world -> db, office", "CPC330"),
        ("allow world -> office", "CPC331"),
        ("deny host -> api", "CPC331"),
        ("pass web -> db", "CPC332"),
        ("require web -> db tcp/80", "CPC333"),
        ("require web -> db log", "CPC333"),
        ("ingress require world -> db", "CPC333"),
        ("ingress require all -> db", "CPC333"),
        ("require office -> db", "CPC333"),
        ("allow wbe -> db", "CPC301"),
        ("allow web -> db web", "CPC304"),
        ("allow default: web -> db", "CPC303"),
    ],
)
def test_rules_that_are_refused(rule: str, code: str) -> None:
    assert (code, NAMES.count("\n") + 1) in codes(NAMES + rule)


def test_requirements_have_label_peers_in_both_directions() -> None:
    policy = clean(NAMES + "require r: web -> db")
    assert [(r.direction, r.subject, r.peers) for r in policy.requirements] == [
        (Direction.INGRESS, term(DB), term(WEB)),
        (Direction.EGRESS, term(WEB), term(DB)),
    ]
    assert policy.rules == ()


# --- namespaces --------------------------------------------------------------------------------


def in_shop(body: str) -> str:
    return f'{NAMES}policy p namespace "shop" {{\n{body}\n}}'


def test_a_namespace_narrows_subjects_and_label_peers() -> None:
    rule = half(clean(in_shop("allow web -> db")), "ingress")
    assert rule.subject == term(AllOf((IN_SHOP, DB)))
    assert rule.peers == term(AllOf((IN_SHOP, WEB)))
    assert (rule.origin.policy, rule.origin.namespace) == ("p", "shop")


@pytest.mark.parametrize("source", ["", "k8s:", "any:"])
def test_an_expression_that_speaks_of_namespaces_is_left_alone(source: str) -> None:
    peer = f'{{ "{source}{NAMESPACE_KEY}" }} and not {{ app = "db" }}'
    rule = half(clean(in_shop(f"ingress allow {peer} -> db")), "ingress")
    (found,) = rule.peers
    assert isinstance(found, EndpointTerm) and isinstance(found.expr, AllOf)
    assert found.expr.operands[0] == Has(LabelKey(source.rstrip(":") or "any", NAMESPACE_KEY))


def test_entities_are_the_namespace_as_subjects_and_themselves_as_peers() -> None:
    policy = clean(in_shop("allow all -> cluster\ndefault deny ingress for all"))
    everyone = term(IN_SHOP)
    assert half(policy, "ingress").subject == everyone
    assert half(policy, "ingress").peers == (EntityTerm(Entity.ALL),)
    assert half(policy, "egress").subject == everyone
    assert half(policy, "egress").peers == (EntityTerm(Entity.CLUSTER),)
    assert policy.isolations[0].subject == everyone


@pytest.mark.parametrize("entity", ["init", "health"])
def test_what_is_in_no_namespace_is_no_subject_there(entity: str) -> None:
    assert ("CPC330", 12) in codes(in_shop(f"ingress allow web -> {entity}"))
    assert half(clean(in_shop(f"allow {entity} -> web")), "ingress").peers == (
        EntityTerm(Entity(entity)),
    )


# --- defaults, modes, audits, staged -----------------------------------------------------------


def test_defaults() -> None:
    text = "default deny ingress, egress for web, db\ndefault allow egress for { x }"
    policy = clean(NAMES + text)
    assert [(i.direction.value, len(i.subject)) for i in policy.isolations] == [
        ("ingress", 2),
        ("egress", 2),
    ]
    assert [i.direction.value for i in policy.open_defaults] == ["egress"]


@pytest.mark.parametrize("subject", ["world", "office", "api", "host", "web, world"])
def test_defaults_are_about_endpoints(subject: str) -> None:
    assert ("CPC330", 11) in codes(f"{NAMES}default deny ingress for {subject}")


@pytest.mark.parametrize(
    ("deny", "allow", "warned"),
    [
        ("ingress for web", "ingress for db, web", True),
        ("ingress for all", "ingress for web", True),
        ("ingress for web", "ingress for {}", True),
        ("ingress for web", "egress for web", False),
        ("ingress for web", "ingress for db", False),
    ],
)
def test_deny_overrules_allow_with_a_warning(deny: str, allow: str, warned: bool) -> None:
    found = codes(f"{NAMES}default deny {deny}\ndefault allow {allow}")
    assert (("CPC203", 12) in found) is warned


def test_modes() -> None:
    assert (clean("").mode, clean("").allow_host) == (Mode.DEFAULT, True)
    policy = clean("mode always\nallow-host policy", "mode always\nallow-host policy")
    assert (policy.mode, policy.allow_host) == (Mode.ALWAYS, False)
    assert codes("mode always", "mode never") == [("CPC335", 1)]
    assert codes("allow-host always\nallow-host policy") == [("CPC335", 2)]


def test_audits() -> None:
    policy = clean(NAMES + 'audit web, db\naudit namespace "shop"')
    assert [a.subject for a in policy.audits] == [(*term(WEB), *term(DB)), term(IN_SHOP)]


def test_staged_rules_and_policies() -> None:
    text = """
staged allow one: web -> office
staged policy p {
  default deny ingress for web
  allow two: office -> web
  ingress require db -> web
}
allow three: office -> web"""
    policy = clean(NAMES + text)
    assert {r.origin.name: r.staged for r in policy.rules} == {
        "one": True,
        "two": True,
        "three": False,
    }
    assert policy.isolations[0].staged and policy.requirements[0].staged
    places = [(what, span.line - 12) for what, span in policy.unenforced if what == "staged"]
    assert places == [("staged", 1), ("staged", 2)]


# --- tiers and order ---------------------------------------------------------------------------


def test_tiers_have_priority_block_and_index() -> None:
    first = """
const low = 20
tier admin priority low {
  deny a: world -> all tcp/22
  pass b: all -> all
}
baseline priority 5 {
  deny c: world -> all
}"""
    second = "tier admin priority 10 {\n  allow d: host -> all\n  deny e: world -> all udp\n}"
    policy = clean(first, second)
    found = [(r.origin.name, r.tier, r.priority, r.block, r.index) for r in policy.rules]
    assert found == [
        ("d", Tier.ADMIN, 10, 2, 0),
        ("e", Tier.ADMIN, 10, 2, 1),
        ("a", Tier.ADMIN, 20, 0, 0),
        ("b", Tier.ADMIN, 20, 0, 1),
        ("b", Tier.ADMIN, 20, 0, 1),
        ("c", Tier.BASELINE, 5, 1, 0),
    ]
    assert [r.action for r in policy.rules if r.origin.name == "b"] == [Action.PASS] * 2
    assert codes("tier admin priority 65536 {\n  deny world -> all\n}") == [("CPC337", 1)]
    assert ("CPC332", 2) in codes("tier admin priority 1 {\n  require { a } -> { b }\n}")


def test_rules_are_in_the_order_of_files_and_lines() -> None:
    policy = clean("\n\nallow z: world -> all", "allow y: world -> all allow x: world -> all")
    assert [r.origin.name for r in policy.rules] == ["z", "y", "x"]
    assert [r.origin.order for r in policy.rules] == [(0, 4, 1), (1, 2, 1), (1, 2, 23)]
    assert list(policy.rules) == sorted(policy.rules, key=lambda r: r.key)


def test_rules_without_a_name_are_called_after_their_place() -> None:
    assert half(clean("\nallow world -> all"), "ingress").origin.name == "0.cil:3"


def test_names_of_rules_are_unique_in_a_policy() -> None:
    policy = "policy {} {{\n  ingress allow a: web -> db\n}}\n"
    apart = codes(NAMES + "allow a: web -> db\n" + policy.format("p") + policy.format("q"))
    assert "CPC334" not in {c for c, _ in apart}
    twice = codes(NAMES + "allow a: web -> db\nallow a: db -> web")
    assert [c for c in twice if c[0] == "CPC334"] == [("CPC334", 12)]
    assert ("CPC334", 14) in codes(NAMES + policy.format("p") + policy.format("p"))
    namespaces = policy.format('p namespace "a"') + policy.format('p namespace "b"')
    assert "CPC334" not in {c for c, _ in codes(NAMES + namespaces)}


def test_names_of_rules_are_unique_in_a_tier_block() -> None:
    block = "tier admin x priority {} {{\n  pass a: web -> db\n}}\n"
    apart = codes(
        NAMES + block.format(1) + block.format(1) + "baseline priority 1 { deny a: web -> db }"
    )
    assert "CPC334" not in {c for c, _ in apart}
    twice = codes("tier admin priority 1 {\n  pass a: all -> all\n  deny a: all -> all\n}")
    assert twice == [("CPC334", 3)]


def test_documentation_and_log_are_kept() -> None:
    rule = half(clean("/// why it is\nallow x: world -> all log"), "ingress")
    assert (rule.origin.doc, rule.log) == ("why it is", True)


# --- named ports -------------------------------------------------------------------------------

INVENTORY = """
endpoints:
  - {name: w1, labels: {app: web}, addresses: [10.0.0.1], ports: {http: tcp/80, dns: udp/53}}
  - {name: w2, labels: {app: web}, addresses: [10.0.0.2], ports: {http: tcp/8080, www: tcp/8080}}
  - {name: d1, labels: {app: db}, addresses: [10.0.0.3], ports: {http: tcp/9090}}
  - {name: d2, labels: {app: db}, addresses: [10.0.0.4]}
"""


def test_a_named_port_of_ingress_is_the_subjects() -> None:
    inventory = inventory_of(INVENTORY)
    policy = clean(NAMES + 'ingress allow db -> web tcp/{443, "http"}', inventory=inventory)
    web = EndpointTerm(WEB)
    assert [(r.subject, r.peers, r.ports) for r in policy.rules] == [
        ((web,), term(DB), (PortRange(6, 443, 443),)),
        ((NamedPort(web, "http", 6, 80),), term(DB), (PortRange(6, 80, 80),)),
        ((NamedPort(web, "http", 6, 8080),), term(DB), (PortRange(6, 8080, 8080),)),
        ((NamedPort(web, "http", 6, 9090),), term(DB), (PortRange(6, 9090, 9090),)),
    ]
    assert policy.port_names == (PortName("http", 6, (80, 8080, 9090)),)
    assert [r.named for r in policy.rules] == [(("http", (6,)),), (), (), ()]


def test_a_named_port_of_egress_is_each_peers() -> None:
    inventory = inventory_of(INVENTORY)
    text = 'default deny egress for db\negress allow db -> web tcp/{"http", "www"}'
    policy = clean(NAMES + text, inventory=inventory)
    web = EndpointTerm(WEB)
    assert [(r.peers, r.ports) for r in policy.rules] == [
        ((web,), ()),
        ((NamedPort(web, "http", 6, 80),), (PortRange(6, 80, 80),)),
        (
            (NamedPort(web, "http", 6, 8080), NamedPort(web, "www", 6, 8080)),
            (PortRange(6, 8080, 8080),),
        ),
        ((NamedPort(web, "http", 6, 9090),), (PortRange(6, 9090, 9090),)),
    ]
    subject = inventory.party_of(ip_address("10.0.0.4"))

    def verdict(to: str, port: int) -> Verdict:
        peer = inventory.party_of(ip_address(to))
        flow = Flow(subject, peer, Direction.EGRESS, 4, Protocol.TCP, port)
        return decide(policy, flow).verdict

    assert verdict("10.0.0.1", 80) is Verdict.ALLOW
    assert verdict("10.0.0.1", 8080) is Verdict.DENY
    assert verdict("10.0.0.2", 8080) is Verdict.ALLOW
    assert verdict("10.0.0.2", 80) is Verdict.DENY
    assert verdict("10.0.0.3", 9090) is Verdict.DENY


@pytest.mark.parametrize(
    "rule",
    [
        'ingress allow world -> web tcp/"nope"',
        'ingress allow world -> web tcp/"dns"',
        'egress allow web -> office tcp/"http"',
        'egress allow web -> { app = "nobody" } tcp/"http"',
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_name_that_nobody_has_matches_nothing(rule: str, known: bool) -> None:
    inventory = inventory_of(INVENTORY)
    policy, _, found = outcome(NAMES + rule, inventory=inventory if known else None)
    parties = [e.party(a) for e in inventory.endpoints for a in e.addresses]
    for subject, peer, direction, port in product(
        parties, parties, Direction, (53, 80, 8080, 9090)
    ):
        flow = Flow(subject, peer, direction, 4, Protocol.TCP, port)
        assert decide(policy, flow).reason is not Reason.RULE
    assert [d.code for d in found if d.code != "CPC202"] == ["CPC325"]


def test_a_name_is_warned_of_for_the_operand_that_lacks_it() -> None:
    text = NAMES + 'egress allow web -> db, office tcp/"http"'
    policy, _, found = outcome(text, inventory=inventory_of(INVENTORY))
    assert [r.ports for r in policy.rules] == [
        (),
        *((PortRange(6, n, n),) for n in (80, 8080, 9090)),
    ]
    warned = [d for d in found if d.code == "CPC325"]
    assert len(warned) == 1 and warned[0].labels[0].span.column == 25


# --- requests, services, claims ----------------------------------------------------------------


def test_what_cannot_be_enforced_is_listed_with_its_place() -> None:
    text = """
allow a: web -> db tcp/80 http {
  GET "/"
}
allow b: web -> shop
allow c: web -> api
audit web
assert never world -> db
test "t" {
  world -> db : deny
}"""
    policy = clean(NAMES + text)
    assert [(what, span.line - 12) for what, span in policy.unenforced] == [
        ("service", -5),
        ("request part", 1),
        ("service peer", 4),
        ("fqdn peer", 5),
        ("audit", 6),
    ]
    assert half(policy, "ingress", "b").subject == (ServiceTerm("shop"),)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('allow web -> db http {\n GET "/"\n}', "CPC342"),
        ('allow web -> db tcp http {\n GET "/"\n}', "CPC342"),
        ('allow web -> db any/80 http {\n GET "/"\n}', "CPC342"),
        ('allow web -> db udp/53 http {\n GET "/"\n}', "CPC342"),
        ("allow web -> db udp/9092 kafka {\n produce\n}", "CPC342"),
        ('allow web -> db any/53 dns {\n "a.b"\n}', "CPC342"),
        ('allow web -> db icmp dns {\n "a.b"\n}', "CPC342"),
        ('deny web -> db tcp/80 http {\n GET "/"\n}', "CPC341"),
        ('allow web -> db tcp/80 http {\n GET "/(?=a)"\n}', "CPC340"),
        ('allow web -> db tcp/80 http {\n GET "/(a)\\\\1"\n}', "CPC340"),
        ('allow web -> db tcp/80 http {\n path "/" header "a b" = "x"\n}', "CPC343"),
        ('allow web -> db tcp/80 grpc {\n call "/a.B/C"\n}', "CPC344"),
        ('allow web -> db tcp/80 kafka {\n produce topic "a b"\n}', "CPC345"),
        (f'allow web -> db tcp/80 kafka {{\n produce topic "{"a" * 256}"\n}}', "CPC345"),
        ('allow web -> db tcp/80 kafka {\n api "ftch"\n}', "CPC345"),
        ('allow web -> db udp/53 dns {\n "a b"\n}', "CPC315"),
    ],
)
def test_request_parts_that_are_refused(rule: str, code: str) -> None:
    assert code in {c for c, line in codes(NAMES + rule) if line > 10}


def test_kafka_roles_and_api_names() -> None:
    text = """allow web -> db tcp/9092 kafka {
  produce topic "a.*"
  consume,
  api "fetch" version 3,
  api "ApiVersions",
  api 37,
  client "etl"
}"""
    l7 = half(clean(NAMES + text), "ingress").l7
    assert l7 is not None
    assert l7.matchers == (
        KafkaMatch(frozenset({0, 3, 18}), None, None, "a.*"),
        KafkaMatch(frozenset({1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18}), None, None, None),
        KafkaMatch(frozenset({1}), 3, None, None),
        KafkaMatch(frozenset({18}), None, None, None),
        KafkaMatch(frozenset({37}), None, None, None),
        KafkaMatch(None, None, "etl", None),
    )


def test_a_service_is_kept_for_the_balancer() -> None:
    text = """
service s {
  vip 10.96.0.1, fd00::1
  port tcp/80 -> 8080
  port udp/53 -> "dns"
  backends web weight 10
  backends db
  balance random
  affinity client-ip 30m
}"""
    (service,) = [s for s in outcome(NAMES + text)[1].services if s.name == "s"]
    assert service.vips == (ip_address("10.96.0.1"), ip_address("fd00::1"))
    assert [(p.protocol, p.port, p.target) for p in service.ports] == [
        (6, 80, 8080),
        (17, 53, "dns"),
    ]
    assert [(b.selector, b.weight) for b in service.backends] == [(term(WEB), 10), (term(DB), 1)]
    assert (service.balance, service.affinity) == ("random", 1800)


@pytest.mark.parametrize(
    "line",
    [
        "vip 10.96.0.1",
        "port tcp/80 -> 9090",
        "port tcp/81-82 -> 90",
        "port any/81 -> 90",
        "port tcp/0 -> 90",
        "port tcp/81 -> 0",
        "backends office",
        "backends web weight 0",
        "balance maglve",
    ],
)
def test_services_that_are_refused(line: str) -> None:
    text = (
        f"{NAMES}service s {{\n  vip 10.96.0.1\n  port tcp/80 -> 80\n  backends web\n  {line}\n}}"
    )
    assert "CPC350" in {c for c, _ in codes(text)}


def test_claims_are_kept_for_the_verifier() -> None:
    text = """
allow r: web -> db tcp/80
assert never a: world -> db
assert reachable web -> db tcp/80 GET "/x"
assert isolated web
test "t" {
  web -> db tcp/80 GET "/x?y" : allow by r
  web -> db udp/53 dns { "A.example.com." } : deny by default
  web -> db tcp/9092 kafka { produce topic "t" } : redirect
}"""
    policy, definitions, found = outcome(NAMES + text)
    assert [a.kind for a in definitions.asserts] == [
        AssertKind.NEVER,
        AssertKind.REACHABLE,
        AssertKind.ISOLATED,
    ]
    assert definitions.asserts[2].right == ()
    (test,) = definitions.tests
    assert [(c.request, c.verdict, c.by) for c in test.cases] == [
        (HttpRequest("GET", "/x?y"), Verdict.ALLOW, "r"),
        (DnsQuery("a.example.com"), Verdict.DENY, "default"),
        (KafkaRequest((KafkaElement(0, 0, "", "t"),)), Verdict.REDIRECT, None),
    ]
    assert {d.code for d in found} == {"CPC202"}
    assert len(policy.rules) == 2


def test_a_test_names_a_rule_that_is_there() -> None:
    text = 'allow rule-a: web -> db\ntest "t" {\n  web -> db : allow by rule-b\n}'
    assert ("CPC301", 13) in codes(NAMES + text)
