"""Witnesses: the plainest party or flow that still shows the point, in words."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import Entity, Protocol
from cpc.compiler.verify.vocabulary import SOURCES

__all__ = ["describe_endpoint", "plainest_endpoint"]


def plainest_endpoint(party: Party, shows: Callable[[Party], bool]) -> Party:
    """An endpoint of which `shows` holds as of `party`, and of no simpler one a step away.

    A step leaves out a label, a port or a service, or gives a label a more usual source.
    """
    current = party
    while True:
        simpler = next((p for p in _simpler(current) if shows(p)), None)
        if simpler is None:
            return current
        current = simpler


def _simpler(party: Party) -> Iterator[Party]:
    if Entity.HEALTH in party.entities:
        yield _endpoint(party, party.labels, health=False)
    for label in sorted(party.labels, reverse=True):
        yield _endpoint(party, party.labels - {label})
    for port in sorted(party.ports):
        yield replace(party, ports=party.ports - {port})
    for service in sorted(party.services):
        yield replace(party, services=party.services - {service})
    for label in sorted(party.labels):
        for source in _more_usual(label.source):
            if not any((o.source, o.key) == (source, label.key) for o in party.labels):
                moved = Label(source, label.key, label.value)
                yield _endpoint(party, party.labels - {label} | {moved})


def _more_usual(source: str) -> tuple[str, ...]:
    """The sources more usual than one."""
    return SOURCES[: SOURCES.index(source)] if source in SOURCES else SOURCES


def _endpoint(party: Party, labels: frozenset[Label], health: bool = True) -> Party:
    """The endpoint with other labels; without any it is `init`, as the inventory has it."""
    kept = party.entities & {Entity.HEALTH} if health else frozenset[Entity]()
    bare = not labels and not kept
    return replace(party, labels=labels, entities=kept | ({Entity.INIT} if bare else set()))


def describe_endpoint(party: Party) -> str:
    """An endpoint in words: `an endpoint with k8s:app=web`."""
    if Entity.HEALTH in party.entities:
        said = ["a health endpoint"]
    elif not party.labels:
        said = ["an endpoint without labels"]
    else:
        said = ["an endpoint with " + ", ".join(str(label) for label in sorted(party.labels))]
    said += [
        f"the container port {name} = {Protocol(protocol).name.lower()}/{number}"
        for name, protocol, number in sorted(party.ports)
    ]
    said += [f"a backend of {service}" for service in sorted(party.services)]
    return ", ".join(said)
