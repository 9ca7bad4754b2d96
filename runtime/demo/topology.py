"""A node, its endpoints and outside hosts, each in a network namespace of its own.

The node routes between veths, as a Kubernetes node does: endpoints have host addresses (/32, /128) and
reach everything through the node's address on the other end of their veth.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_interface

from msgspec import Struct

from cpc.runtime.demo.namespaces import Namespace, veth
from cpc.runtime.maps import Address

__all__ = ["Host", "Topology", "topology"]


class Host(Struct, frozen=True):
    """One machine of the topology.

    `interface` is the node's end of its veth. `outside` hosts are on a network of their own behind the
    node; the others are endpoints of the node.
    """

    name: str
    interface: str
    addresses: tuple[Address, ...]
    outside: bool = False


class Topology(Struct, frozen=True):
    """The node's namespace and those of the hosts by name."""

    node: Namespace
    hosts: dict[str, Host]
    namespaces: dict[str, Namespace]


@contextmanager
def topology(hosts: Sequence[Host], node_addresses: Sequence[Address]) -> Iterator[Topology]:
    """Build it all; it is gone after the `with` block, whatever happens in it.

    `node_addresses` are the node's own addresses that endpoints use as gateway, one of each family.
    """
    with ExitStack() as stack:
        node = stack.enter_context(Namespace.create("node"))
        node.sysctl("net/ipv4/ip_forward", "1")
        node.sysctl("net/ipv6/conf/all/forwarding", "1")
        node.address("lo", *(ip_interface(str(a)) for a in node_addresses))
        spaces: dict[str, Namespace] = {}
        for host in hosts:
            space = stack.enter_context(Namespace.create(host.name))
            spaces[host.name] = space
            veth(node, host.interface, space, "eth0")
            if host.outside:
                _outside(node, space, host)
            else:
                _endpoint(node, space, host, node_addresses)
        yield Topology(node, {h.name: h for h in hosts}, spaces)


def _endpoint(node: Namespace, space: Namespace, host: Host, gateways: Sequence[Address]) -> None:
    space.address("eth0", *(ip_interface(str(a)) for a in host.addresses))
    for gateway in gateways:
        if gateway.version == 6:
            node.address(host.interface, ip_interface(f"{gateway}/128"))
        space.route(f"{gateway}/{gateway.max_prefixlen}", "eth0")
        space.route(f"default{gateway.version}", "eth0", str(gateway))
    for address in host.addresses:
        node.route(f"{address}/{address.max_prefixlen}", host.interface)


def _outside(node: Namespace, space: Namespace, host: Host) -> None:
    for address in host.addresses:
        length = 24 if address.version == 4 else 64
        network = ip_interface(f"{address}/{length}").network
        gateway = network.network_address + 1
        space.address("eth0", ip_interface(f"{address}/{length}"))
        node.address(host.interface, ip_interface(f"{gateway}/{length}"))
        space.route(f"default{address.version}", "eth0", str(gateway))
