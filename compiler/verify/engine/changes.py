"""What differs between two policies, as data: regions of flows, each with witnesses, and the relation."""

from enum import StrEnum

from msgspec import Struct

from cpc.compiler.policy.flow import Flow, Request
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Decision, Verdict
from cpc.compiler.verify.engine.space import Box, Space

__all__ = ["Change", "Differences", "Region", "Relation"]


class Relation(StrEnum):
    """How the new policy's allowed flows and requests lie to the old one's."""

    EQUAL = "equal"
    WIDER = "wider"
    NARROWER = "narrower"
    INCOMPARABLE = "incomparable"


class Change(Struct, frozen=True):
    """A flow with a request (opaque bytes: any) that the two policies decide otherwise, and how."""

    flow: Flow
    request: Request
    before: Decision
    after: Decision


class Region(Struct, frozen=True):
    """Flows of one direction that all change alike: a box of the space.

    `before` and `after` are their verdicts over all requests. `allowed` is a witness of what is newly
    allowed, `denied` of what is newly denied: of one, or, between redirects, perhaps of both.
    """

    direction: Direction
    box: Box
    before: Verdict
    after: Verdict
    allowed: Change | None
    denied: Change | None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The witnesses that there are."""
        return tuple(c for c in (self.allowed, self.denied) if c is not None)


class Differences(Struct, frozen=True):
    """All regions in which two policies differ, disjoint; `undecided` says why there may be more."""

    space: Space
    regions: tuple[Region, ...]
    undecided: tuple[str, ...] = ()

    @property
    def relation(self) -> Relation | None:
        """Of the new policy to the old one; None where that is not known."""
        wider = any(region.allowed for region in self.regions)
        narrower = any(region.denied for region in self.regions)
        if wider and narrower:
            return Relation.INCOMPARABLE
        if self.undecided:
            return None
        if wider:
            return Relation.WIDER
        return Relation.NARROWER if narrower else Relation.EQUAL
