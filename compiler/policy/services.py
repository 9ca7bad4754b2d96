"""Services as resolved: what a balancer will serve; kept for later stages."""

from msgspec import Struct

from cpc.compiler.policy.model import Address, Origin, Selector

__all__ = ["Backends", "Service", "ServicePort"]


class ServicePort(Struct, frozen=True):
    """`port` of IP protocol `protocol` goes to a backend's `target`: a number, or a container port's name."""

    protocol: int
    port: int
    target: int | str


class Backends(Struct, frozen=True):
    """Endpoints that share the traffic, each with `weight` (1-65535)."""

    selector: Selector
    weight: int


class Service(Struct, frozen=True):
    """`balance` is maglev or random; `affinity` the client's time-out in seconds, None for none.

    VIPs and ports are unique, in written order; there is at least one of each, and of backends.
    """

    name: str
    vips: tuple[Address, ...]
    ports: tuple[ServicePort, ...]
    backends: tuple[Backends, ...]
    balance: str
    affinity: int | None
    origin: Origin
