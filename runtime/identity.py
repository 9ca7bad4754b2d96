"""Numbers for label sets: reserved ones, and the others from 256 on."""

from collections.abc import Iterable, Mapping

from cpc.compiler.artifact import Entity, Label, Party

__all__ = ["FIRST", "NAMES", "UNKNOWN", "WORLD", "allocate", "identity_of", "spell"]

UNKNOWN = 0
WORLD = 2
FIRST = 256
"""Numbers below are reserved."""

NAMES = {
    0: "unknown",
    1: "host",
    2: "world",
    3: "unmanaged",
    4: "health",
    5: "init",
    6: "remote-node",
    7: "kube-apiserver",
    8: "ingress",
    9: "world-ipv4",
    10: "world-ipv6",
}
"""The reserved numbers that mean something."""

_ENTITIES = (
    (Entity.HOST, 1),
    (Entity.HEALTH, 4),
    (Entity.REMOTE_NODE, 6),
    (Entity.KUBE_APISERVER, 7),
    (Entity.UNMANAGED, 3),
    (Entity.INIT, 5),
    (Entity.WORLD, WORLD),
)
"""What an address is known by, where it is several things: the first of these."""

Labels = tuple[str, ...]
"""A label set, spelled and sorted."""


def spell(labels: Iterable[Label]) -> Labels:
    """`source:key=value`, sorted."""
    return tuple(sorted(str(label) for label in labels))


def allocate(sets: Iterable[Labels], known: Mapping[Labels, int]) -> dict[Labels, int]:
    """A number for each distinct set that is not empty; what is `known` keeps its number.

    The same sets and the same known numbers give the same answer.
    """
    wanted = sorted({labels for labels in sets if labels})
    numbers = {labels: known[labels] for labels in wanted if labels in known}
    taken = set(known.values())
    following = FIRST
    for labels in wanted:
        if labels in numbers:
            continue
        while following in taken:
            following += 1
        numbers[labels] = following
        taken.add(following)
    return numbers


def identity_of(party: Party, numbers: Mapping[Labels, int]) -> int:
    """The number of who is at an address."""
    labels = spell(party.labels)
    if party.managed and labels:
        return numbers[labels]
    return next((number for entity, number in _ENTITIES if entity in party.entities), UNKNOWN)
