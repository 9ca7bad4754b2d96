"""Connectivity: every pair has exactly the services that `decide` allows on both sides."""

import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.inventory import (
    NAMESPACE_KEY,
    ClusterIngress,
    ClusterService,
    Endpoint,
    Inventory,
    ServicePort,
)
from cpc.compiler.policy.model import (
    Address,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Has,
    HttpMatch,
    In,
    LabelKey,
    Mode,
    NamedPort,
    Network,
    Not,
    Policy,
    PortRange,
    Requirement,
)
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.connectivity import (
    CONTROLLER,
    Connection,
    Connectivity,
    ExternalRange,
    KnownParty,
    Peer,
    Workload,
    connectivity,
)
from cpc.compiler.verify.service_sets import EVERY_SERVICE, PORTED, ServiceSet
from tests.policy.build import allow, app, cidr, default_deny, deny, entity, policy_of, tcp
from tests.policy.request_strategies import l7_matches
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, address_edges, inventories, origin, policies, port_edges

End: TypeAlias = Peer | Address

SHAPE = Shape(l7=l7_matches("http"))
ANYWHERE = ((6, 80), (6, 0), (17, 53), (132, 65535), (1, 8 << 8), (58, 128 << 8), (47, 0), (255, 0))
STRICTEST_FIRST = (Verdict.DENY, Verdict.REDIRECT, Verdict.ALLOW)
ALONE = ip_address("192.0.2.77")


# --- random worlds against `decide` ------------------------------------------------------------


class World(Struct, frozen=True):
    """A policy, everyone in it by peer, and some external addresses."""

    policy: Policy
    inventory: Inventory
    ends: dict[Peer, list[tuple[Party, int]]]
    external: tuple[Address, ...]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Endpoints with none, one or two addresses, some of one owner; every entity; a policy about them."""
    policy = draw(policies(SHAPE))
    entities: dict[Entity, list[Address]] = {}
    cluster: list[Network] = []
    endpoints: list[Endpoint] = []
    for party in draw(inventories(policy)):
        assert party.address is not None
        listed = party.entities - {Entity.WORLD, Entity.INIT}
        for one in listed:
            entities.setdefault(one, []).append(party.address)
        if not party.managed and not party.entities:
            cluster.append(ip_network(party.address))
        if party.managed and not listed:
            labels, ports = tuple(sorted(party.labels)), tuple(sorted(party.ports))
            owner = draw(st.sampled_from(("", "", "set", "other")))
            addresses = draw(st.sampled_from(((party.address,), (party.address,), ())))
            endpoints.append(Endpoint(party.name, labels, addresses, ports, owner=owner))
    second: bool = draw(st.booleans())
    if second and endpoints:
        endpoints[0] = replace(endpoints[0], addresses=(*endpoints[0].addresses, ALONE))
    inventory = Inventory(
        tuple(cluster), tuple((e, tuple(a)) for e, a in sorted(entities.items())), tuple(endpoints)
    )
    return World(policy, inventory, ends_of(inventory), external_of(policy, inventory))


def ends_of(inventory: Inventory) -> dict[Peer, list[tuple[Party, int]]]:
    """Every peer of the inventory with the parties that it is, each in one family."""
    ends: dict[Peer, list[tuple[Party, int]]] = {}
    for endpoint in inventory.endpoints:
        own = ends.setdefault(Workload(endpoint.owner or endpoint.name), [])
        own += [(endpoint.party(a), a.version) for a in endpoint.addresses]
        if not endpoint.addresses:
            own += [(endpoint.party(), 4), (endpoint.party(), 6)]
    for address in {a for _, addresses in inventory.entities for a in addresses}:
        party = inventory.party_of(address)
        ends.setdefault(KnownParty(party.name), []).append((party, address.version))
    return ends


def external_of(policy: Policy, inventory: Inventory) -> tuple[Address, ...]:
    """External addresses at the edges of the policy's prefixes."""
    listed = {a for _, addresses in inventory.entities for a in addresses}
    return tuple(
        address
        for address in sorted(address_edges(policy), key=lambda a: (a.version, int(a)))
        if address not in listed and inventory.party_of(address).entities == {Entity.WORLD}
    )


def service_of(family: int, protocol: int, port: int) -> tuple[int, int, int]:
    """(family, protocol, port) with the port as `Flow` wants it."""
    return family, protocol, port if protocol in PORTED[family] else 0


def expected(
    policy: Policy,
    sources: Sequence[tuple[Party, int]],
    destinations: Sequence[tuple[Party, int]],
    service: tuple[int, int, int],
) -> Verdict | None:
    """Allow if some pair of the parties allows it, else redirect if some does, else None."""
    found: set[Verdict] = set()
    for source, speaks in sources:
        for destination, hears in destinations:
            if speaks == hears == service[0]:
                sides = (
                    decide(policy, Flow(source, destination, Direction.EGRESS, *service)),
                    decide(policy, Flow(destination, source, Direction.INGRESS, *service)),
                )
                said = {side.verdict for side in sides}
                found.add(next(v for v in STRICTEST_FIRST if v in said))
    found.discard(Verdict.DENY)
    return min(found, default=None, key=STRICTEST_FIRST[::-1].index)


def answered(
    answer: Connectivity, source: End, destination: End, service: tuple[int, int, int]
) -> Verdict | None:
    """The same, from the answer; at most one connection speaks of it."""
    family, protocol, port = service
    found = [
        Verdict.REDIRECT if allowed.requests.contains(protocol, port) else Verdict.ALLOW
        for connection in answer.connections
        if is_at(connection.source, source) and is_at(connection.destination, destination)
        for allowed in connection.allowed
        if allowed.family == family and allowed.services.contains(protocol, port)
    ]
    assert len(found) <= 1
    return found[0] if found else None


def is_at(peer: Peer, end: End) -> bool:
    if isinstance(end, IPv4Address | IPv6Address):
        return (
            isinstance(peer, ExternalRange)
            and peer.first.version == end.version
            and int(peer.first) <= int(end) <= int(peer.last)
        )
    return peer == end


def some_services(policy: Policy, chosen: random.Random) -> list[tuple[int, int, int]]:
    """Services of both families, many at the edges of the policy's port ranges."""
    edges = port_edges(policy.rules)
    picked = [*chosen.sample(edges, min(len(edges), 6)), *chosen.sample(ANYWHERE, 3)]
    return [service_of(family, *service) for service in picked for family in (4, 6)]


@given(world=worlds(), seed=st.integers(0, 1 << 32))
def test_what_is_listed_is_what_decide_allows(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    answer = connectivity(world.policy, world.inventory)
    managed = [end for end, own in world.ends.items() if own[0][0].managed]
    for end in managed:
        for other in chosen.sample([*world.ends], min(len(world.ends), 3)):
            if end == other:
                continue
            for service in some_services(world.policy, chosen):
                for pair in ((end, other), (other, end)):
                    source, destination = (world.ends[peer] for peer in pair)
                    wanted = expected(world.policy, source, destination, service)
                    assert answered(answer, *pair, service) == wanted, (*map(str, pair), service)


@given(world=worlds(), seed=st.integers(0, 1 << 32))
def test_ranges_are_what_decide_allows_of_external_addresses(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    answer = connectivity(world.policy, world.inventory)
    external = [a for a in world.external if a.version == 4 or answer.ipv6]
    for end, own in world.ends.items():
        if not own[0][0].managed:
            continue
        for address in chosen.sample(external, min(len(external), 4)):
            party = [(world.inventory.party_of(address), address.version)]
            for service in some_services(world.policy, chosen):
                if service[0] == address.version:
                    out = expected(world.policy, own, party, service)
                    assert answered(answer, end, address, service) == out, (address, service)
                    into = expected(world.policy, party, own, service)
                    assert answered(answer, address, end, service) == into, (address, service)


@given(world=worlds())
def test_connections_are_sorted_and_none_says_nothing(world: World) -> None:
    answer = connectivity(world.policy, world.inventory)
    keys = [(str(c.source), str(c.destination)) for c in answer.connections]
    assert keys == sorted(set(keys))
    for c in answer.connections:
        assert any(allowed.services for allowed in c.allowed)
        assert all(a.requests & a.services == a.requests for a in c.allowed)
        known = [world.ends[e] for e in (c.source, c.destination) if e in world.ends]
        assert any(own[0][0].managed for own in known)
        families = {a.family for a in c.allowed}
        spoken = {4, 6}.intersection(*({speaks for _, speaks in own} for own in known))
        assert families == spoken if len(known) == 2 else families <= spoken


# --- one thing at a time -----------------------------------------------------------------------


def pod(
    name: str,
    *addresses: str,
    ports: tuple[tuple[str, int, int], ...] = (),
    owner: str = "",
    namespace: str = "shop",
) -> Endpoint:
    """An endpoint with the label `app=NAME`, in a namespace."""
    labels = (Label("k8s", "app", name), Label("k8s", NAMESPACE_KEY, namespace))
    return Endpoint(name, labels, tuple(map(ip_address, addresses)), ports, owner=owner)


def lines(
    policy: Policy, *endpoints: Endpoint, cluster: Sequence[str] = (), **entities: Sequence[str]
) -> list[str]:
    """Each connection by family as `source => destination/family ranges`; `*` is every service."""
    listed = tuple(
        (Entity(name.replace("_", "-")), tuple(map(ip_address, addresses)))
        for name, addresses in sorted(entities.items())
    )
    inventory = Inventory(tuple(map(ip_network, cluster)), listed, endpoints)
    return [line for c in connectivity(policy, inventory).connections for line in shown(c)]


def shown(connection: Connection) -> Iterator[str]:
    for one in connection.allowed:
        if one.services:
            requests = f" requests {spelled(one.requests)}" if one.requests else ""
            ends = f"{connection.source} => {connection.destination}"
            yield f"{ends}/{one.family} {spelled(one.services)}{requests}"


def spelled(services: ServiceSet) -> str:
    if services == EVERY_SERVICE:
        return "*"
    return ",".join(f"{p.protocol}/{p.low}-{p.high}" for p in services.ranges())


CLOSED = (default_deny(), default_deny(direction=Direction.EGRESS))
OUT = allow("out", direction=Direction.EGRESS)
ALL4 = "0.0.0.0-255.255.255.255[External]"
ALL6 = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]"


def test_both_sides_must_allow() -> None:
    policy = policy_of(
        *CLOSED,
        allow("out", app("web"), app("db"), tcp(80, 90), direction=Direction.EGRESS),
        allow("in", app("db"), app("web"), tcp(85, 95)),
    )
    assert lines(policy, pod("web", "10.0.0.1"), pod("db", "10.0.0.2")) == ["web => db/4 6/85-90"]


def test_an_endpoint_without_addresses_speaks_both_families() -> None:
    policy = policy_of(
        *CLOSED,
        allow("out", app("web"), app("db"), direction=Direction.EGRESS),
        allow("in", app("db"), app("web"), tcp(80)),
    )
    assert lines(policy, pod("web"), pod("db")) == ["web => db/4 6/80-80", "web => db/6 6/80-80"]
    assert lines(policy, pod("web"), pod("db", "10.0.0.2")) == ["web => db/4 6/80-80"]
    assert lines(policy, pod("web"), pod("db", "fd00::2")) == ["web => db/6 6/80-80"]
    assert lines(policy, pod("web", "10.0.0.1"), pod("db", "fd00::2")) == []


def test_icmp_is_itself_in_its_own_family_only() -> None:
    echo_reply = (PortRange(1, 0, 255), PortRange(58, 129 << 8, 129 << 8 | 255))
    policy = policy_of(
        *CLOSED,
        allow("out", app("web"), app("db"), direction=Direction.EGRESS),
        allow("in", app("db"), app("web"), echo_reply),
    )
    assert lines(policy, pod("web"), pod("db")) == [
        "web => db/4 1/0-255",
        "web => db/6 58/33024-33279",
    ]


def test_the_host_comes_in_and_is_not_let_out_to() -> None:
    always = replace(policy_of(), mode=Mode.ALWAYS)
    web = pod("web", "10.0.0.1")
    assert lines(always, web, host=["10.0.0.9"]) == ["{host} => web/4 *"]
    strict = replace(always, allow_host=False)
    assert lines(strict, web, host=["10.0.0.9"]) == []


def test_entities_are_listed_by_what_their_addresses_are() -> None:
    policy = policy_of(
        *CLOSED, allow("out", peers=entity(Entity.KUBE_APISERVER), direction=Direction.EGRESS)
    )
    inside = lines(
        policy,
        pod("web", "10.0.0.1"),
        cluster=["10.0.0.0/8"],
        kube_apiserver=["10.0.0.9"],
        remote_node=["10.0.0.9"],
    )
    assert inside == ["web => {kube-apiserver+remote-node}/4 *"]
    assert lines(policy, pod("web", "10.0.0.1"), kube_apiserver=["192.0.2.1"]) == [
        "web => {kube-apiserver+world}/4 *"
    ]
    assert lines(policy_of(), health=["10.0.0.8"], host=["10.0.0.9"]) == [
        f"{ALL4} => {{health}}/4 *",
        f"{{health}} => {ALL4}/4 *",
        "{health} => {host}/4 *",
        "{host} => {health}/4 *",
    ]


def test_requires_narrows_label_peers() -> None:
    """The two peers differ in nothing that a rule speaks of."""
    shop = EndpointTerm(In(LabelKey("k8s", NAMESPACE_KEY), ("shop",)))
    requirement = Requirement(Direction.INGRESS, app("db"), (shop,), False, origin(900))
    policy = policy_of(default_deny(), allow("in", app("db"), (EndpointTerm(Everything()),)))
    pods = (
        pod("db", "10.0.0.1"),
        pod("web", "10.0.0.2"),
        replace(pod("web", "10.0.0.3", namespace="other"), name="other"),
    )

    def reach_db(policy: Policy) -> list[str]:
        return [line for line in lines(policy, *pods) if "=> db/4" in line]

    assert reach_db(policy) == ["other => db/4 *", "web => db/4 *"]
    assert reach_db(replace(policy, requirements=(requirement,))) == ["web => db/4 *"]


def test_named_ports_are_each_endpoints_own() -> None:
    """Two endpoints with the name on different numbers: each is reached on its own."""
    terms = [NamedPort(EndpointTerm(Everything()), "http", 6, port) for port in (80, 8080)]
    policy = policy_of(
        *CLOSED,
        OUT,
        *(
            allow(f"in{port}", (term,), app("web"), tcp(port))
            for term, port in zip(terms, (80, 8080), strict=True)
        ),
    )
    one, two = pod("one", "10.0.0.1", ports=(("http", 6, 80),)), pod("two", "10.0.0.2")
    two = replace(two, ports=(("http", 6, 8080),))
    found = lines(policy, pod("web", "10.0.0.3"), one, two)
    assert [line for line in found if "External" not in line] == [
        "web => one/4 6/80-80",
        "web => two/4 6/8080-8080",
    ]


def test_some_requests_count_as_allowed_and_are_marked() -> None:
    matcher = HttpMatch("GET", None, None)
    policy = policy_of(
        *CLOSED,
        allow("out", app("web"), app("db"), direction=Direction.EGRESS),
        allow("in", app("db"), app("web"), tcp(80, 81), matcher),
        allow("free", app("db"), app("web"), tcp(81, 82)),
    )
    assert lines(policy, pod("web", "10.0.0.1"), pod("db", "10.0.0.2")) == [
        "web => db/4 6/80-82 requests 6/80-80"
    ]


def test_pods_of_one_owner_are_one_row_and_no_pair() -> None:
    policy = policy_of(
        *CLOSED,
        allow("out", direction=Direction.EGRESS, peers=(EndpointTerm(Everything()),)),
        allow("80", app("one"), (EndpointTerm(Everything()),), tcp(80)),
        allow("81", app("two"), app("web"), tcp(81)),
    )
    pods = [
        pod("one", "10.0.0.1", owner="shop/set[ReplicaSet]"),
        pod("two", "10.0.0.2", owner="shop/set[ReplicaSet]"),
        pod("web", "10.0.0.3"),
    ]
    assert lines(policy, *pods) == ["web => shop/set[ReplicaSet]/4 6/80-81"]


def test_ranges_are_as_few_as_can_be() -> None:
    """Only what one pair tells apart is cut, and addresses of the inventory cut nothing."""
    policy = policy_of(
        *CLOSED,
        allow("in", app("web"), cidr("10.0.0.0/8", "10.1.0.0/16")),
        allow("more", app("web"), cidr("11.0.0.0/8")),
        allow("db", app("db"), entity(Entity.WORLD)),
    )
    found = lines(policy, pod("web", "10.0.0.1"), pod("db", "10.200.0.1"), cluster=["10.64.0.0/10"])
    assert found == [
        f"{ALL4} => db/4 *",
        "10.0.0.0-10.0.255.255[External] => web/4 *",
        "10.2.0.0-11.255.255.255[External] => web/4 *",
    ]


def test_a_range_without_external_addresses_is_not_listed() -> None:
    policy = policy_of(*CLOSED, allow("in", app("web"), cidr("10.0.0.0/30")))
    assert lines(policy, pod("web", "10.9.0.1"), cluster=["10.0.0.0/31", "10.0.0.2/31"]) == []
    web = pod("web", "10.0.0.0", "10.0.0.1", "10.0.0.2")
    assert lines(policy, web) == ["10.0.0.0-10.0.0.3[External] => web/4 *"]
    assert lines(policy, web, host=["10.0.0.3"]) == ["{host} => web/4 *"]


@pytest.mark.parametrize(
    ("policy", "cluster", "spoken"),
    [
        (policy_of(), [], False),
        (policy_of(allow("in", peers=cidr("10.0.0.0/8"))), [], False),
        (policy_of(allow("in", peers=cidr("fd00::/8"))), [], True),
        (policy_of(allow("in", peers=cidr("::/0"))), [], True),
        (policy_of(allow("in", peers=entity(Entity.WORLD_IPV6))), [], True),
        (policy_of(allow("in", peers=entity(Entity.WORLD_IPV4))), [], False),
        (policy_of(), ["fd00::/8"], True),
    ],
)
def test_ranges_of_ipv6_need_somebody_who_speaks_of_it(
    policy: Policy, cluster: list[str], spoken: bool
) -> None:
    found = lines(policy, pod("web"), cluster=cluster)
    assert found == [
        f"{ALL4} => web/4 *",
        *([f"{ALL6} => web/6 *"] if spoken else []),
        f"web => {ALL4}/4 *",
        *([f"web => {ALL6}/6 *"] if spoken else []),
    ]
    assert any("web/6" in line for line in lines(policy, pod("web", "fd00::1")))


def test_staged_statements_are_not_counted() -> None:
    staged = replace(deny("no"), staged=True)
    assert lines(policy_of(staged), pod("web")) == lines(policy_of(), pod("web"))


# --- the ingress controller --------------------------------------------------------------------


def through(policy: Policy, *ways: ClusterIngress) -> list[str]:
    """What the controller may bring to `web` and `db` by ways to their services."""
    ports = (("http", 6, 8080), ("http", 17, 53))
    web = replace(pod("web", "10.0.0.1", ports=ports), declared=((6, 8080), (6, 8181), (17, 53)))
    db = replace(pod("db", "10.0.0.2"), declared=((6, 5432), (17, 9000)))
    services = (
        ClusterService(
            "shop",
            "web",
            selector=(("app", "web"),),
            ports=(ServicePort("site", 6, 80, "http"), ServicePort("more", 6, 81, 8181)),
        ),
        ClusterService(
            "shop",
            "db",
            selector=(("app", "db"),),
            ports=(
                ServicePort("", 6, 5432, 5432),
                ServicePort("dns", 17, 53, 53),
                ServicePort("silent", 6, 9000, 9000),
                ServicePort("again", 6, 5433, 5432),
            ),
        ),
    )
    inventory = Inventory(
        endpoints=(web, db),
        services=services,
        ingresses=ways,
    )
    found = connectivity(policy, inventory).connections
    return [line for c in found if c.source == CONTROLLER for line in shown(c)]


def way(*backends: tuple[str, str | int | None], kind: str = "Ingress") -> ClusterIngress:
    return ClusterIngress(kind, "shop", "way", backends)


@pytest.mark.parametrize(
    ("ways", "reached"),
    [
        ([], []),
        ([way(("web", None))], ["web/4 6/8080-8080,6/8181-8181"]),
        ([way(("web", "site"))], ["web/4 6/8080-8080"]),
        ([way(("web", 80), ("web", 81))], ["web/4 6/8080-8080,6/8181-8181"]),
        ([way(("web", 8181))], ["web/4 6/8181-8181"]),
        ([way(("web", "http"))], []),
        ([way(("web", 81), kind="Route")], ["web/4 6/8181-8181"]),
        ([way(("web", 8181), kind="Route")], ["web/4 6/8181-8181"]),
        ([way(("web", "http"), kind="Route")], ["web/4 6/8080-8080"]),
        ([way(("web", "more"), kind="Route")], ["web/4 6/8181-8181"]),
        ([way(("db", None)), way(("web", 80))], ["db/4 6/5432-5432", "web/4 6/8080-8080"]),
        ([way(("db", "dns"))], []),
        ([way(("db", "silent"))], []),
        ([way(("db", 5432))], ["db/4 6/5432-5432"]),
        ([way(("db", "again"))], ["db/4 6/5432-5432"]),
        ([way(("other", None))], []),
        ([replace(way(("web", None)), namespace="other")], []),
    ],
)
def test_the_controller_reaches_what_is_exposed(
    ways: list[ClusterIngress], reached: list[str]
) -> None:
    assert through(policy_of(), *ways) == [f"{{ingress-controller}} => {line}" for line in reached]


def test_the_controller_is_any_pod_of_an_unknown_namespace() -> None:
    namespace = LabelKey("k8s", NAMESPACE_KEY)
    for peers, reached in (
        (EndpointTerm(Everything()), True),
        (EndpointTerm(Has(namespace)), True),
        (EndpointTerm(Not(In(namespace, ("shop",)))), True),
        (EndpointTerm(In(namespace, ("shop",))), False),
        (EndpointTerm(Has(LabelKey("k8s", "app"))), False),
        (EntityTerm(Entity.WORLD), False),
    ):
        policy = policy_of(*CLOSED, allow("in", peers=(peers,), ports=tcp(8080)))
        wanted = ["{ingress-controller} => web/4 6/8080-8080"] if reached else []
        assert through(policy, way(("web", None))) == wanted


def test_addresses_of_services_are_not_external() -> None:
    service = ClusterService("shop", "web", addresses=(ip_address("192.0.2.1"),))
    inventory = Inventory(endpoints=(pod("web", "10.0.0.1"),), services=(service,))
    policy = policy_of(default_deny(), allow("in", peers=cidr("192.0.2.1/32")))
    found = connectivity(policy, inventory).connections
    assert [str(c.source) for c in found] == ["web"]


@pytest.mark.parametrize("denied", ["", "ingress deny 9.0.0.0/8 -> b\n"])
def test_requires_leaves_addresses_of_a_mixed_rule_alone(denied: str) -> None:
    policy = clean(
        'endpoints b = { app = "b" }\ndefault deny ingress for all\n'
        "ingress require { ok } -> b\n"
        f'ingress allow 0.0.0.0/0, {{ app = "a" }} -> b\n{denied}'
    )
    found = lines(policy, pod("a", "10.0.0.1"), pod("b", "10.0.0.2"))
    assert not any(line.startswith("a => b/") for line in found)
    assert any("=> b/4" in line for line in found)
