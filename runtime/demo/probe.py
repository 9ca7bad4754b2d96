"""Real packets between hosts of a topology: servers that answer, and probes that see whether they do."""

import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from msgspec import Struct

from cpc.runtime.demo.namespaces import Namespace
from cpc.runtime.demo.topology import Topology
from cpc.runtime.maps import Address

__all__ = ["Probe", "Service", "listening", "observe"]

TIMEOUT = 0.6
"""Seconds after which a probe without an answer counts as blocked."""


class Service(Struct, frozen=True):
    """What is asked for: `tcp` or `udp` with a port, or `ping`."""

    protocol: str
    port: int = 0

    def __str__(self) -> str:
        return self.protocol if self.protocol == "ping" else f"{self.protocol}/{self.port}"


class Probe(Struct, frozen=True):
    """One question: does `source` get an answer from `destination` for `service`?"""

    source: str
    destination: str
    source_address: Address
    address: Address
    service: Service


@contextmanager
def listening(topology: Topology, services: Iterable[Service]) -> Iterator[None]:
    """Every host answers on every TCP and UDP service, both families, inside the `with` block."""
    sockets = [
        _server(namespace, service)
        for namespace in topology.namespaces.values()
        for service in services
        if service.protocol != "ping"
    ]
    wake, stop = os.pipe()
    thread = threading.Thread(target=_serve, args=(sockets, wake), daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(stop)
        thread.join()
        os.close(wake)
        for server in sockets:
            server.close()


def _server(namespace: Namespace, service: Service) -> socket.socket:
    kind = socket.SOCK_STREAM if service.protocol == "tcp" else socket.SOCK_DGRAM
    with namespace.entered():
        server = socket.socket(socket.AF_INET6, kind)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == socket.SOCK_DGRAM:
        # Answer from the address that was asked: the wildcard would pick the first one.
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    server.bind(("::", service.port))
    server.setblocking(False)
    if kind == socket.SOCK_STREAM:
        server.listen(128)
    return server


def _serve(servers: Sequence[socket.socket], wake: int) -> None:
    """Echo until `wake` closes."""
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        for server in servers:
            selector.register(server, selectors.EVENT_READ)
        streams: set[socket.socket] = set()
        while True:
            for key, _ in selector.select():
                if key.fileobj == wake:
                    for stream in streams:
                        stream.close()
                    return
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                with suppress(OSError):
                    _answer(selector, sock, streams)


def _answer(
    selector: selectors.BaseSelector, sock: socket.socket, streams: set[socket.socket]
) -> None:
    if sock.type == socket.SOCK_DGRAM:
        data, ancillary, _, peer = sock.recvmsg(2048, 256)
        sock.sendmsg([data], ancillary, 0, peer)
    elif sock in streams:
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        if data:
            sock.sendall(data)
        else:
            streams.discard(sock)
            selector.unregister(sock)
            sock.close()
    else:
        stream, _ = sock.accept()
        stream.setblocking(False)
        streams.add(stream)
        selector.register(stream, selectors.EVENT_READ)


def observe(topology: Topology, probes: Sequence[Probe]) -> list[bool]:
    """Send every probe, at most 32 at once; True where an answer came."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        return list(pool.map(lambda probe: _probe(topology, probe), probes))


def _probe(topology: Topology, probe: Probe) -> bool:
    namespace = topology.namespaces[probe.source]
    match probe.service.protocol:
        case "tcp":
            return _attempt(namespace, probe, socket.SOCK_STREAM, 0, _tcp)
        case "udp":
            return _attempt(namespace, probe, socket.SOCK_DGRAM, 0, _udp)
        case "ping":
            icmp = socket.IPPROTO_ICMP if probe.address.version == 4 else socket.IPPROTO_ICMPV6
            return _attempt(namespace, probe, socket.SOCK_RAW, icmp, _ping)
        case other:
            raise AssertionError(other)


def _attempt(
    namespace: Namespace,
    probe: Probe,
    kind: int,
    protocol: int,
    exchange: Callable[[socket.socket, Probe], bool],
) -> bool:
    family = socket.AF_INET if probe.address.version == 4 else socket.AF_INET6
    with namespace.entered():
        sock = socket.socket(family, kind, protocol)
    with sock:
        sock.settimeout(TIMEOUT)
        sock.bind((str(probe.source_address), 0))
        try:
            return exchange(sock, probe)
        except OSError:
            return False


def _tcp(sock: socket.socket, probe: Probe) -> bool:
    sock.connect((str(probe.address), probe.service.port))
    sock.sendall(b"hello")
    return sock.recv(16) == b"hello"


def _udp(sock: socket.socket, probe: Probe) -> bool:
    sock.sendto(b"hello", (str(probe.address), probe.service.port))
    return sock.recv(16) == b"hello"


def _ping(sock: socket.socket, probe: Probe) -> bool:
    four = probe.address.version == 4
    identifier = threading.get_native_id() & 0xFFFF
    header = struct.pack("!BBHHH", 8 if four else 128, 0, 0, identifier, 1)
    if four:  # The kernel fills in the checksum of ICMPv6 only.
        total = sum(struct.unpack("!4H", header))
        total = (total & 0xFFFF) + (total >> 16)
        header = struct.pack("!BBHHH", 8, 0, ~total & 0xFFFF, identifier, 1)
    sock.sendto(header, (str(probe.address), 0))
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        data = sock.recv(2048)
        reply = data[(data[0] & 0xF) * 4 :] if four else data
        kind, _, _, echoed, _ = struct.unpack("!BBHHH", reply[:8])
        if kind == (0 if four else 129) and echoed == identifier:
            return True
    return False
