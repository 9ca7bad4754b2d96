"""Ports, ICMP types and requests of Cilium's rules."""

import pytest

from cpc.compiler.policy.flow import (
    OPAQUE,
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Party,
    Request,
)
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Entity
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.texts import cnp, entity, external, pod, verdict
from tests.imports.reading import clean, read

ALLOW, DENY, REDIRECT = Verdict.ALLOW, Verdict.DENY, Verdict.REDIRECT

LAB = pod("lab")


def ports(*items: str, more: str = "") -> str:
    return f"ingress: [{{toPorts: [{{ports: [{', '.join(items)}]{more}}}]}}]"


def passing(text: str, *probes: str) -> set[str]:
    policy = clean(cnp(text))
    return {p for p in probes if verdict(policy, "ingress", LAB, p) is not DENY}


PROBES = ("tcp/79", "tcp/80", "tcp/81", "udp/80", "sctp/80", "icmp/8", "47")


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("{port: '80', protocol: TCP}", {"tcp/80"}),
        ("{port: '80', protocol: UDP}", {"udp/80"}),
        ("{port: '80'}", {"tcp/80", "udp/80", "sctp/80"}),
        ("{port: '80', protocol: ANY}", {"tcp/80", "udp/80", "sctp/80"}),
        ("{port: '80', protocol: ''}", {"tcp/80", "udp/80", "sctp/80"}),
        ("{port: '80', protocol: null, endPort: null}", {"tcp/80", "udp/80", "sctp/80"}),
        ("{port: '0', protocol: TCP}", {"tcp/79", "tcp/80", "tcp/81"}),
        ("{port: '0'}", {"tcp/79", "tcp/80", "tcp/81", "udp/80", "sctp/80"}),
        ("{port: '79', endPort: 80, protocol: TCP}", {"tcp/79", "tcp/80"}),
        ("{port: '80', endPort: 0, protocol: TCP}", {"tcp/80"}),
        ("{port: '80', endPort: 65535, protocol: TCP}", {"tcp/80", "tcp/81"}),
        ("{port: '0', protocol: VRRP}", set()),
    ],
)
def test_ports(port: str, expected: set[str]) -> None:
    assert passing(ports(port), *PROBES) == expected


def test_protocols_without_ports() -> None:
    text = ports("{port: '0', protocol: VRRP}", "{port: '0', protocol: IGMP}")
    assert passing(text, "112", "2", "47") == {"112", "2"}


def test_ports_alone_are_of_everyone_and_of_peers_just_of_them() -> None:
    policy = clean(cnp(ports("{port: '80'}")))
    for peer in (LAB, entity(Entity.UNMANAGED), external("192.0.2.1"), Party("unknown", False)):
        assert verdict(policy, "ingress", peer) is ALLOW
    rule = "ingress: [{fromEndpoints: [{matchLabels: {app: lab}}], toPorts: [{ports: [{port: '80'}]}]}]"
    policy = clean(cnp(rule))
    assert verdict(policy, "ingress", LAB) is ALLOW
    assert verdict(policy, "ingress", LAB, "tcp/81") is DENY
    assert verdict(policy, "ingress", pod("other")) is DENY


@pytest.mark.parametrize(
    "rules",
    [
        "ingress: [{toPorts: []}]",
        "ingress: [{fromEntities: [all], toPorts: []}]",
        "ingress: [{fromEntities: [all], toPorts: [{ports: []}]}]",
        "ingress: [{fromEntities: [all], toPorts: [{}]}]",
        "ingress: [{fromEntities: [all], icmps: []}]",
        "ingress: [{fromEntities: [all], icmps: [{fields: []}]}]",
        "ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: []}}]}]",
    ],
)
def test_an_empty_list_of_ports_matches_nothing(rules: str) -> None:
    found = read(cnp(rules))
    assert found.codes == ["CPC821"]
    assert verdict(found.policy, "ingress", LAB) is DENY
    assert verdict(found.policy, "ingress", LAB, "icmp/8") is DENY


def test_a_deny_of_no_port_is_an_error() -> None:
    """Cilium denies every port then, and an empty list matches nothing elsewhere."""
    found = read(cnp("ingressDeny: [{fromEntities: [all], toPorts: []}]"))
    assert [d.code for d in found.errors] == ["CPC804"]


@pytest.mark.parametrize(
    "port",
    [
        "{port: 80}",
        "{port: '080'}",
        "{port: '65536'}",
        "{port: '-1'}",
        "{port: ''}",
        "{port: 'web server'}",
        "{port: '80', protocol: HTTP}",
        "{port: '80', protocol: ICMP}",
        "{port: '80', protocol: VRRP}",
        "{port: '80', endPort: 79}",
        "{port: '80', endPort: '81'}",
        "{port: '0', endPort: 81}",
        "{port: http, endPort: 81}",
        "{protocol: TCP}",
        "{port: '80', prot: TCP}",
        "80",
    ],
)
def test_what_is_no_port(port: str) -> None:
    found = read(cnp(ports(port)))
    assert len(found.errors) == 1 and found.errors[0].help


def test_a_protocol_in_small_letters_is_said() -> None:
    found = read(cnp(ports("{port: '80', protocol: tcp}")))
    assert found.codes == ["CPC820"] and not found.errors


def test_a_named_port_is_of_those_who_have_it() -> None:
    web = pod()
    inventory = Inventory(
        endpoints=(Endpoint("default/web", tuple(sorted(web.labels)), (), (("http", 6, 8080),)),)
    )
    policy = clean(cnp(ports("{port: HTTP, protocol: TCP}")), inventory=inventory)
    having = Party(web.name, True, web.labels, ports=frozenset({("http", 6, 8080)}))
    assert verdict(policy, "ingress", LAB, "tcp/8080", subject=having) is ALLOW
    assert verdict(policy, "ingress", LAB, "tcp/8081", subject=having) is DENY
    assert verdict(policy, "ingress", LAB, "tcp/8080", subject=web) is DENY


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("{type: 8}", {"icmp/8"}),
        ("{type: EchoRequest}", {"icmp/8"}),
        ("{type: Echo, family: IPv4}", {"icmp/8"}),
        ("{type: '3'}", {"icmp/3"}),
        ("{type: EchoRequest, family: IPv6}", {"icmpv6/128"}),
        ("{type: 128, family: IPv6}", {"icmpv6/128"}),
        ("{type: 0}", {"icmp/0"}),
    ],
)
def test_icmp(field: str, expected: set[str]) -> None:
    text = f"ingress: [{{icmps: [{{fields: [{field}]}}]}}]"
    probes = ("icmp/0", "icmp/3", "icmp/8", "icmpv6/128", "icmpv6/8", "tcp/8")
    assert passing(text, *probes) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "icmps: [{fields: [{type: 256}]}]",
        "icmps: [{fields: [{type: Ping}]}]",
        "icmps: [{fields: [{type: PacketTooBig}]}]",
        "icmps: [{fields: [{type: 8, family: IPv5}]}]",
        "icmps: [{fields: [{family: IPv4}]}]",
        "icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: '80'}]}]",
    ],
)
def test_what_is_no_icmp(rule: str) -> None:
    assert len(read(cnp(f"ingress: [{{{rule}}}]")).errors) == 1


# --- requests ----------------------------------------------------------------------------------


def http(*matchers: str, protocol: str = "TCP") -> str:
    rules = f", rules: {{http: [{', '.join(matchers)}]}}"
    return ports(f"{{port: '80', protocol: {protocol}}}", more=rules)


def get(path: str, method: str = "GET", host: str = "", **headers: str) -> HttpRequest:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method, path, host, sent)


@pytest.mark.parametrize(
    ("matcher", "request_", "expected"),
    [
        ("{method: GET, path: /public}", get("/public"), ALLOW),
        ("{method: GET, path: /public}", get("/public/x"), DENY),
        ("{method: GET, path: /public}", get("/public?x=1"), DENY),
        ("{method: GET, path: '/public.*'}", get("/public?x=1"), ALLOW),
        ("{method: GET, path: '/path1$'}", get("/path1"), ALLOW),
        ("{method: GET}", get("/", "get"), DENY),
        ("{method: 'GET|PUT'}", get("/", "PUT"), ALLOW),
        ("{path: ''}", get("/any", "ANY"), ALLOW),
        ("{}", get("/any", "ANY"), ALLOW),
        ("{}", OPAQUE, DENY),
        ("{host: '^external-service.org$'}", get("/", host="external-service.org:80"), ALLOW),
        ("{host: '^external-service.org$'}", get("/", host="a.external-service.org"), DENY),
        ("{headers: ['X-My-Header: true']}", get("/", x_my_header="true"), ALLOW),
        ("{headers: ['X-My-Header: true']}", get("/", x_my_header="false"), DENY),
        ("{headers: ['X-My-Header true']}", get("/", x_my_header="true"), ALLOW),
        ("{headers: [X-My-Header]}", get("/", x_my_header="false"), ALLOW),
        ("{headers: [X-My-Header]}", get("/"), DENY),
        ("{headers: ['X-A: b c']}", get("/", x_a="b c"), ALLOW),
        ("{headerMatches: [{name: X-A, value: b}]}", get("/", x_a="b"), ALLOW),
        ("{headerMatches: [{name: X-A, value: b}]}", get("/", x_a="c"), DENY),
        ("{headerMatches: [{name: X-A}]}", get("/", x_a="c"), ALLOW),
    ],
)
def test_http(matcher: str, request_: Request, expected: Verdict) -> None:
    policy = clean(cnp(http(matcher)))
    assert verdict(policy, "ingress", LAB) is REDIRECT
    assert verdict(policy, "ingress", LAB, request=request_) is expected


def test_ports_without_requests_stay_free_of_them() -> None:
    rules = (
        "ingress: [{fromEndpoints: [{matchLabels: {app: lab}}], toPorts: [{ports: [{port: '80', "
        "protocol: TCP}], rules: {http: [{path: /a}]}}, {ports: [{port: '81', protocol: TCP}]}]}]"
    )
    policy = clean(cnp(rules))
    assert verdict(policy, "ingress", LAB) is REDIRECT
    assert verdict(policy, "ingress", LAB, "tcp/81") is ALLOW
    assert verdict(policy, "ingress", pod("other"), "tcp/81") is DENY


def kafka(matcher: str) -> str:
    return ports("{port: '80', protocol: TCP}", more=f", rules: {{kafka: [{matcher}]}}")


def asks(key: int, topic: str | None = None, version: int = 0, client: str = "c") -> KafkaRequest:
    return KafkaRequest((KafkaElement(key, version, client, topic),))


@pytest.mark.parametrize(
    ("matcher", "request_", "expected"),
    [
        ("{role: produce, topic: t}", asks(0, "t"), ALLOW),
        ("{role: PRODUCE, topic: t}", asks(0, "u"), DENY),
        ("{role: produce, topic: t}", asks(1, "t"), DENY),
        ("{role: produce, topic: t}", asks(18), ALLOW),
        ("{role: consume}", asks(1, "any"), ALLOW),
        ("{role: consume, apiVersion: '3'}", asks(1, "any", 2), DENY),
        ("{role: consume, apiVersion: '3'}", asks(1, "any", 3), ALLOW),
        ("{apiKey: Metadata}", asks(3), ALLOW),
        ("{apiKey: metadata, clientID: me}", asks(3, client="you"), DENY),
        ("{}", asks(99), ALLOW),
        ("{}", asks(3), ALLOW),
        ("{}", OPAQUE, DENY),
    ],
)
def test_kafka(matcher: str, request_: Request, expected: Verdict) -> None:
    policy = clean(cnp(kafka(matcher)))
    assert verdict(policy, "ingress", LAB, request=request_) is expected


@pytest.mark.parametrize("protocol", ["ANY", "UDP", "TCP"])
def test_dns(protocol: str) -> None:
    names = "{matchName: Cilium.io}, {matchPattern: '*.api.cilium.io'}"
    text = ports(f"{{port: '53', protocol: {protocol}}}", more=f", rules: {{dns: [{names}]}}")
    policy = clean(cnp(text.replace("ingress", "egress")))
    word = "tcp/53" if protocol == "TCP" else "udp/53"
    assert verdict(policy, "egress", LAB, word) is REDIRECT
    for name, expected in {
        "cilium.io": ALLOW,
        "a.cilium.io": DENY,
        "a.api.cilium.io": ALLOW,
    }.items():
        assert verdict(policy, "egress", LAB, word, DnsQuery(name)) is expected
    assert verdict(policy, "egress", LAB, "sctp/53") is DENY


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (http("{path: '/a('}"), "CPC340"),
        (http("{pathh: /a}"), "CPC703"),
        (http("{headers: ['X-A:b']}"), "CPC804"),
        (http("{headerMatches: [{name: X-A, mismatch: LOG}]}"), "CPC809"),
        (http("{headerMatches: [{name: X-A, secret: {name: s}}]}"), "CPC809"),
        (http("{headerMatches: [{value: a}]}"), "CPC804"),
        (http("{path: /a}", protocol="UDP"), "CPC804"),
        (http("{path: /a}", protocol="ANY"), "CPC804"),
        (ports("{port: '0', protocol: TCP}", more=", rules: {http: [{}]}"), "CPC804"),
        (ports("{port: '53'}", more=", rules: {dns: [{matchPattern: '*'}]}"), "CPC804"),
        (ports("{port: '53', protocol: TCP}", more=", rules: {http: [{}], kafka: [{}]}"), "CPC823"),
        (ports("{port: '53', protocol: TCP}", more=", rules: {l7proto: r2d2, l7: []}"), "CPC809"),
        (kafka("{role: produce, apiKey: fetch}"), "CPC823"),
        (kafka("{role: eat}"), "CPC804"),
        (kafka("{apiKey: fech}"), "CPC804"),
        (kafka("{apiVersion: many}"), "CPC804"),
        (kafka("{topic: 'a b'}"), "CPC804"),
        (kafka("{topic: 'orders.*'}"), "CPC804"),
        (kafka(f"{{topic: {'a' * 256}}}"), "CPC804"),
        (ports("{port: '443'}", more=", terminatingTLS: {}"), "CPC809"),
        (ports("{port: '443'}", more=", originatingTLS: {}"), "CPC809"),
        (ports("{port: '443'}", more=", serverNames: [a.com]"), "CPC809"),
        (ports("{port: '443'}", more=", listener: {}"), "CPC809"),
        (http("{}").replace("ingress", "ingressDeny"), "CPC804"),
    ],
)
def test_what_no_request_can_be(rules: str, code: str) -> None:
    found = read(cnp(rules))
    assert [d.code for d in found.errors] == [code]
    assert found.errors[0].help and found.errors[0].span is not None
