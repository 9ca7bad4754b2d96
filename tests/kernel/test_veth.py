"""Real interfaces: connections are cut at both ends, and bytes lie where the kernel puts them."""

import errno
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

import pytest
from msgspec import Struct

from cpc.runtime import maps
from cpc.runtime.attach import HOOKS, Side
from cpc.runtime.bpf import Link
from cpc.runtime.demo.namespaces import Namespace
from cpc.runtime.demo.topology import Host, Topology, topology
from cpc.runtime.reasons import PacketReason as R
from tests.kernel.stage import Stage
from tests.packets import ENDPOINT_MAC, HOST_MAC, Ip, ip

pytestmark = pytest.mark.kernel

LOCAL = {4: "10.0.0.1", 6: "fd00::1"}
PEER = {4: "10.0.0.2", 6: "fd00::2"}
OTHER = {4: "10.0.0.6", 6: "fd00::6"}
PATIENCE = 5.0
PACKET_VNET_HDR = 15
SOL_PACKET = 263


class Net(Struct, frozen=True):
    """The endpoint `local` behind the datapath, and an outside host that has two peers' addresses."""

    topology: Topology
    links: dict[Side, Link]

    def space(self, name: str) -> Namespace:
        return self.topology.namespaces[name]

    def enforce(self, stage: Stage) -> None:
        self.links[Side.FROM].update(stage.outgoing)
        self.links[Side.TO].update(stage.incoming)


@pytest.fixture
def net(stage: Stage) -> Iterator[Net]:
    local = tuple(ip_address(a) for a in LOCAL.values())
    peers = tuple(ip_address(a) for a in (*PEER.values(), *OTHER.values()))
    hosts = (Host("local", "cpct-local", local), Host("peer", "cpct-peer", peers))
    nodes = (ip_address("10.0.0.254"), ip_address("fd00::fe"))
    with topology(hosts, nodes) as built, ExitStack() as held:
        links: dict[Side, Link] = {}
        with built.node.entered():
            index = socket.if_nametoindex("cpct-local")
            for hook in HOOKS:
                program = stage.outgoing if hook.side is Side.FROM else stage.incoming
                links[hook.side] = held.enter_context(Link.create(program, index, hook.attach))
        yield Net(built, links)
    stage.clear()


@contextmanager
def connection(
    net: Net, version: int, client: str
) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A TCP connection: (the endpoint's end, the peer's end), opened by `client`."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    server = "peer" if client == "local" else "local"
    target = (PEER if server == "peer" else LOCAL)[version]
    with ExitStack() as held:
        with net.space(server).entered():
            listener = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.bind((target, 8080))
            listener.listen()
        with net.space(client).entered():
            opened = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            opened.settimeout(PATIENCE)
            opened.bind(((LOCAL if client == "local" else PEER)[version], 0))
            opened.connect((target, 8080))
        listener.settimeout(PATIENCE)
        accepted = held.enter_context(listener.accept()[0])
        accepted.settimeout(PATIENCE)
        yield (opened, accepted) if client == "local" else (accepted, opened)


def reset(end: socket.socket) -> bool:
    """Whether a connection ends by RST; waits for it."""
    assert select.select([end], [], [], PATIENCE)[0], "neither data nor RST came"
    return end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("client", ["local", "peer"])
@pytest.mark.parametrize("speaker", ["local", "peer"])
@pytest.mark.parametrize("size", [1, 40000])
def test_both_ends_are_reset(
    net: Net, stage: Stage, stricter: Stage, version: int, client: str, speaker: str, size: int
) -> None:
    with connection(net, version, client) as (local, peer):
        local.sendall(b"before")
        assert peer.recv(100) == b"before"
        net.enforce(stricter)
        (local if speaker == "local" else peer).sendall(bytes(size))
        assert reset(local)
        assert reset(peer)
    assert not stage.connections()


@pytest.mark.parametrize("version", [4, 6])
def test_a_policy_that_still_allows_is_not_noticed(net: Net, alike: Stage, version: int) -> None:
    with connection(net, version, "local") as (local, peer):
        net.enforce(alike)
        for _ in range(3):
            local.sendall(b"ping")
            assert peer.recv(100) == b"ping"
            peer.sendall(b"pong")
            assert local.recv(100) == b"pong"


@contextmanager
def raw(space: Namespace) -> Iterator[socket.socket]:
    """A socket that sends frames as they are, with as much of them linear as it is told."""
    with space.entered():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with sock:
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        with space.entered():
            sock.bind(("eth0", 0))
        yield sock


def hand_over(sock: socket.socket, frame: bytes, linear: int) -> None:
    """Sends a frame of which only so many bytes are in the linear part."""
    # struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset.
    sock.send(struct.pack("=BBHHHH", 0, 0, linear, 0, 0, 0) + frame)


def dropped(stage: Stage, reason: R) -> int:
    raw_value = stage.tables["counters"].lookup(maps.U32.pack(reason * 2 + 1)) or b""
    return sum(packets for packets, _ in maps.COUNTER.iter_unpack(raw_value))


def node_mac(net: Net) -> bytes:
    from pyroute2 import IPRoute

    with net.topology.node.entered(), IPRoute() as route:
        (link,) = route.link("get", ifname="cpct-local")
        return bytes.fromhex(str(link.get_attr("IFLA_ADDRESS")).replace(":", ""))


def addressed(net: Net, packet: Ip) -> bytes:
    """The frame, addressed to the node."""
    frame = packet.frame()
    assert frame.startswith(HOST_MAC + ENDPOINT_MAC)
    return node_mac(net) + frame[6:]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("linear", [14, 20, 40, 60])
def test_headers_outside_of_the_linear_part(
    net: Net, stage: Stage, version: int, linear: int
) -> None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with net.space("peer").entered():
        receiver = socket.socket(family, socket.SOCK_DGRAM)
    with receiver, raw(net.space("local")) as sock:
        receiver.bind((PEER[version], 53))
        receiver.settimeout(PATIENCE)
        allowed = ip(LOCAL[version], PEER[version])
        if version == 6:
            allowed = allowed.extension(60).extension(60)
        hand_over(sock, addressed(net, allowed.udp(999, 53, b"x" * 500)), linear)
        assert receiver.recv(1000) == b"x" * 500
        before = dropped(stage, R.DROP_POLICY), dropped(stage, R.DROP_SPOOFED)
        denied = ip(LOCAL[version], OTHER[version]).udp(999, 53, b"x" * 500)
        hand_over(sock, addressed(net, denied), linear)
        spoofed = ip(OTHER[version], PEER[version]).udp(999, 53, b"x" * 500)
        hand_over(sock, addressed(net, spoofed), linear)
        after = dropped(stage, R.DROP_POLICY), dropped(stage, R.DROP_SPOOFED)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


@pytest.mark.parametrize(
    ("version", "size"), [(4, 15), (4, 20), (4, 33), (4, 40), (6, 15), (6, 20), (6, 53), (6, 60)]
)
def test_frames_that_end_in_their_headers(net: Net, stage: Stage, version: int, size: int) -> None:
    whole = addressed(net, ip(LOCAL[version], PEER[version]).udp(1, 2))
    before = dropped(stage, R.DROP_MALFORMED)
    with raw(net.space("local")) as sock:
        hand_over(sock, whole[:size], size)
    assert dropped(stage, R.DROP_MALFORMED) == before + 1


def test_a_tag_in_the_packets_metadata(net: Net, stage: Stage) -> None:
    before = dropped(stage, R.DROP_VLAN)
    tagged = addressed(net, ip(LOCAL[4], PEER[4]).vlan().udp(1, 2))
    with raw(net.space("local")) as sock:
        hand_over(sock, tagged, 30)
    assert dropped(stage, R.DROP_VLAN) == before + 1
