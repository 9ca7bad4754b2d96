"""The demos that there are: files, who else is there, what is asked for."""

from ipaddress import ip_address

from msgspec import Struct

from cpc.runtime.demo.probe import Service
from cpc.runtime.demo.topology import Host

__all__ = ["SCENES", "Scene"]


class Scene(Struct, frozen=True):
    """One demo. Its files are in the folder of its name.

    The first of `policies` is loaded, and the last replaces it. Every host is asked for every service by
    every other. `floods` are UDP flows (source, target, port) that go on while the policy is replaced.
    """

    name: str
    policies: tuple[str, ...]
    inventories: tuple[str, ...]
    outside: tuple[Host, ...]
    services: tuple[Service, ...]
    floods: tuple[tuple[str, str, int], ...] = ()


_SHOP = Scene(
    "shop",
    ("policy.cil", "policy-locked.cil"),
    ("inventory.yaml",),
    (
        Host(
            "office",
            "office0",
            (ip_address("198.51.100.10"), ip_address("2001:db8:1::10")),
            outside=True,
        ),
        Host(
            "stranger",
            "stranger0",
            (ip_address("203.0.113.66"), ip_address("2001:db8:bad::66")),
            outside=True,
        ),
    ),
    (
        *(Service("tcp", port) for port in (22, 80, 443, 5432, 8080, 9091)),
        Service("udp", 8125),
        Service("ping"),
    ),
    (("orders", "web", 8125), ("web", "db", 8125)),
)

_STAR_WARS = Scene(
    "starwars",
    ("policy.yaml",),
    ("pods.yaml", "node.yaml"),
    (
        Host(
            "alderaan",
            "alderaan0",
            (ip_address("203.0.113.77"), ip_address("2001:db8:a1::77")),
            outside=True,
        ),
    ),
    (Service("tcp", 80), Service("tcp", 8080), Service("udp", 53), Service("ping")),
)

SCENES = {scene.name: scene for scene in (_SHOP, _STAR_WARS)}
"""Demos by name."""
