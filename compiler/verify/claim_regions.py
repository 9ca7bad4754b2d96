"""The connections that an assert is about, as boxes."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.engine.both_sides import BothSides, World
from cpc.compiler.verify.engine.boxes import complement, product
from cpc.compiler.verify.engine.space import SUBJECT, Box

__all__ = ["Regions", "regions_of"]


class Regions(Struct, frozen=True):
    """What an assert is about: `inside`, its pairs, and for `only` and `isolated` those `outside`.

    Connections without a side of ours are in neither. `nobody` says why there are none.
    """

    inside: tuple[Box, ...]
    outside: tuple[Box, ...]
    nobody: str = ""


def regions_of(claim: Assert, policy: Policy, sides: BothSides) -> Regions:
    """The regions of an assert, with its ports. TooManyBoxes."""
    world = sides.world
    services = world.services(claim.ports)
    sources = world.sources(claim.left)
    destinations = world.destinations(claim.right)
    if claim.kind is AssertKind.ISOLATED:
        crossing = _isolated(claim, policy, world)
        region = tuple(sides.within(product(crossing, services)))
        left = world.destinations(claim.left)
        return Regions((), region, _nobody((("left", left),), region, _NOBODY_OUTSIDE))
    inside = tuple(sides.within(product(list(product(sources, destinations)), services)))
    nobody = _nobody((("left", sources), ("right", destinations)), inside, _NO_CONNECTION)
    if claim.kind is not AssertKind.ONLY or nobody:
        return Regions(inside, (), nobody)
    others = _without_host(complement(sources, world.space.full), policy, world)
    pairs = list(product(others, destinations))
    outside = tuple(sides.within(product(pairs, services)))
    return Regions(inside, outside, "" if outside else _NOBODY_OUTSIDE)


_NOBODY_OUTSIDE = "there is nobody outside its left side"
_NO_CONNECTION = "there can be no such connection between two, one of them an endpoint"


def _nobody(ends: Iterable[tuple[str, Sequence[Box]]], region: Sequence[Box], why: str) -> str:
    """Why a region is empty; empty where it is not."""
    for side, boxes in ends:
        if not boxes:
            return f"nobody is on its {side} side"
    return "" if region else why


def _isolated(claim: Assert, policy: Policy, world: World) -> list[Box]:
    """What comes from outside, and what goes there."""
    sources = world.sources(claim.left)
    destinations = world.destinations(claim.left)
    full = world.space.full
    incoming = product(_without_host(complement(sources, full), policy, world), destinations)
    outgoing = product(sources, complement(destinations, full))
    return [*incoming, *outgoing]


def _without_host(sources: Iterable[Box], policy: Policy, world: World) -> list[Box]:
    """Sources but the local host, where it is let through whatever the rules say."""
    if not policy.allow_host:
        return list(sources)
    others = {SUBJECT: world.space.full[SUBJECT] & ~world.hosts}
    return list(product(sources, [others]))
