"""Network namespaces without names: they live as long as this process holds them, and leave no trace.

Entering one moves the calling thread only (setns(2)); a socket opened there stays there after leaving.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Self

from msgspec import Struct
from pyroute2 import IPRoute

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError

__all__ = ["Namespace", "veth"]

_CLONE_NEWNET = 0x40000000
_IFA_F_NODAD = 0x02
_libc = ctypes.CDLL(None, use_errno=True)

Interface = IPv4Interface | IPv6Interface


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise InputError(
            error(
                "CPC610",
                f"cannot {what}: {os.strerror(number)}",
                help="run as root (CAP_SYS_ADMIN), in a container with `--privileged`",
            )
        )


def _current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace(Struct):
    """One network namespace, held by a file descriptor; a context manager that lets it go."""

    name: str
    fd: int

    @classmethod
    def create(cls, name: str) -> Self:
        """A new namespace with its loopback up; `name` is only for people."""
        home = _current()
        try:
            _check(_libc.unshare(_CLONE_NEWNET), "make a network namespace")
            try:
                namespace = cls(name, _current())
                with IPRoute() as route:
                    route.link("set", index=1, state="up")
            finally:
                _check(_libc.setns(home, _CLONE_NEWNET), "return to the network namespace")
        finally:
            os.close(home)
        namespace.quick_start()
        return namespace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread is in this namespace inside the `with` block."""
        home = _current()
        try:
            _check(_libc.setns(self.fd, _CLONE_NEWNET), f"enter the network namespace {self.name}")
            try:
                yield
            finally:
                _check(_libc.setns(home, _CLONE_NEWNET), "return to the network namespace")
        finally:
            os.close(home)

    def quick_start(self) -> None:
        """Addresses are usable at once: no duplicate address detection, no router solicitation."""
        self.sysctl("net/ipv6/conf/default/accept_dad", "0")
        self.sysctl("net/ipv6/conf/default/router_solicitations", "0")

    def sysctl(self, key: str, value: str) -> None:
        """Set one `net.` sysctl of this namespace, given as a path such as `net/ipv4/ip_forward`."""
        with self.entered():
            Path("/proc/sys", key).write_text(value)

    def address(self, interface: str, *addresses: Interface) -> None:
        """Give the interface addresses (no duplicate address detection) and bring it up."""
        with self.entered(), IPRoute() as route:
            index = route.link_lookup(ifname=interface)[0]
            route.link("set", index=index, state="up")
            for address in addresses:
                flags = {"flags": _IFA_F_NODAD} if address.version == 6 else {}
                route.addr(
                    "add",
                    index=index,
                    address=str(address.ip),
                    prefixlen=address.network.prefixlen,
                    **flags,
                )

    def route(self, destination: str, interface: str, gateway: str | None = None) -> None:
        """Add a route to a prefix (or `default4`, `default6`) through an interface."""
        prefix = {"default4": "0.0.0.0/0", "default6": "::/0"}.get(destination, destination)
        family = 10 if ":" in prefix else 2
        with self.entered(), IPRoute() as route:
            index = route.link_lookup(ifname=interface)[0]
            via = {"gateway": gateway} if gateway else {"scope": 253 if family == 2 else 0}
            route.route("add", dst=prefix, oif=index, family=family, **via)


def veth(left: Namespace, left_name: str, right: Namespace, right_name: str) -> None:
    """A veth pair: one end in each namespace, both up."""
    with left.entered(), IPRoute() as route:
        route.link(
            "add",
            ifname=left_name,
            kind="veth",
            peer={"ifname": right_name, "net_ns_fd": right.fd},
        )
    for namespace, name in ((left, left_name), (right, right_name)):
        namespace.address(name)
