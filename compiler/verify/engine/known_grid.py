"""Rules without effect among those whom an inventory knows."""

from collections.abc import Iterator

from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Direction, Mode, Policy, Rule
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.verify.engine.grid import Grid
from cpc.compiler.verify.engine.index import Point
from cpc.compiler.verify.engine.irrelevant import about_unknown
from cpc.compiler.verify.engine.judge import Judge
from cpc.compiler.verify.engine.known_connections import KnownConnections, known_connections
from cpc.compiler.verify.engine.parts import part_of
from cpc.compiler.verify.engine.space import PEER, SERVICE, SUBJECT, Box
from cpc.compiler.verify.findings import Finding
from cpc.compiler.verify.languages.requests import RequestSpace

__all__ = ["known_effects"]


def known_effects(policy: Policy, inventory: Inventory) -> Iterator[Finding]:
    """The rules that decide nothing, or nothing that others would not, of what those in an inventory do.

    As `analyse`, of flows between them, and from or to external addresses. Nothing is said of a direction with
    rules about DNS names or services, of which an inventory does not say whom they mean, nor of rules about
    nobody.
    """
    if policy.mode is Mode.NEVER:
        return
    policy = without_staged(policy)
    world = known_connections(policy, inventory, (), ())
    requests = RequestSpace()
    for direction in Direction:
        part = part_of(policy, direction)
        if any(map(about_unknown, part.home)):
            continue
        grid = _KnownGrid(part.policy, direction, world)
        judge = Judge(grid, filter(grid.somebody, part.home), requests, set())
        yield from judge.without_effect
        yield from judge.redundant()


class _KnownGrid(Grid):
    """The statements of one direction over classes of those whom an inventory knows."""

    def __init__(self, policy: Policy, direction: Direction, world: KnownConnections) -> None:
        super().__init__(policy, direction, world.space, world.boxes)
        self._world = world

    def somebody(self, rule: Rule) -> bool:
        """Whether there are flows that a rule matches."""
        return any(map(self.fits, self.boxes.rule(rule)))

    def fits(self, cell: Box) -> bool:
        """Whether somebody managed can have a flow of a cell."""
        return self._two(cell) is not None

    def has(self, point: Point) -> bool:
        """Whether somebody managed can have the flow."""
        return self.fits({at: 1 << atom for at, atom in point.items()})

    def point(self, cell: Box) -> Point:
        """The point of two who fit, with a service that reads well."""
        found = self._two(cell)
        assert found is not None
        space = self.index.space
        service = space.usual_service(cell.get(SERVICE) or space.full[SERVICE])
        return {SUBJECT: found[0], PEER: found[1], SERVICE: service}

    def flow(self, point: Point) -> Flow:
        """A point as a flow of two that there are."""
        cell = {at: 1 << atom for at, atom in point.items()}
        found = self._world.connection(cell)
        ends = found.client, found.server
        return Flow(*ends, self.direction, found.family, found.protocol, found.port)

    def _two(self, cell: Box) -> tuple[int, int] | None:
        managed = cell.get(SUBJECT, -1) & self._world.managed
        return self._world.two({**cell, SUBJECT: managed}) if managed else None
