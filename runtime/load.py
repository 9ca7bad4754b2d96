"""Loading and unloading: a plan becomes programs on interfaces, all of it or nothing."""

from contextlib import ExitStack

from msgspec.structs import replace

from cpc.compiler.artifact import Artifact, Inventory
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.runtime.attach import HOOKS, interface_index
from cpc.runtime.bpf import Link
from cpc.runtime.features import BPFFS, mount_bpffs, require
from cpc.runtime.plan import Plan, PlannedEndpoint, Sizes, plan
from cpc.runtime.programs import SHARED, TABLES, Programs, Tables, load_programs
from cpc.runtime.state import Generation, Instance
from cpc.runtime.status import Status, status

__all__ = ["attach", "load", "unload"]


def load(
    artifact: Artifact,
    inventory: Inventory,
    instance: str = "node",
    *,
    sizes: Sizes | None = None,
) -> Status:
    """Enforces an artifact for the endpoints that have an interface in this network namespace.

    What is loaded stays when this process ends. InputError where something is loaded already
    (CPC606) or anything fails: nothing stays behind then.
    """
    place = Instance(instance)
    require()
    notes = []
    if mount_bpffs():
        notes.append(f"mounted the BPF file system at `{BPFFS}`")
    with place.locked():
        if place.exists():
            raise InputError(
                error(
                    "CPC606",
                    f"instance `{instance}` is loaded already",
                    help="`cpc policy replace` puts another policy in its place, "
                    "`cpc unload` removes it",
                )
            )
        planned = plan(artifact.program, inventory, generation=1)
        indices = {e.name: interface_index(e.interface, e.name) for e in planned.endpoints}
        place.remove()
        with ExitStack() as undo:
            undo.callback(place.remove)
            _load(place, artifact, planned, indices, sizes or Sizes())
            place.write(Generation(1, artifact, inventory, planned.endpoints, planned.identities))
            place.set_current(1)
            undo.pop_all()
        return replace(status(instance), notes=tuple(notes))


def _load(
    place: Instance, artifact: Artifact, planned: Plan, indices: dict[str, int], sizes: Sizes
) -> None:
    with Tables() as tables, ExitStack() as held:
        loaded: list[tuple[PlannedEndpoint, Programs]] = []
        for endpoint in planned.endpoints:
            programs = load_programs(
                artifact.object, artifact.source, planned, endpoint, tables, sizes
            )
            loaded.append((endpoint, held.enter_context(programs)))
        # Before any packet is asked about: an empty table knows nobody.
        tables.fill(planned)
        tables.pin(place.shared, SHARED)
        tables.pin(place.tables(planned.generation), TABLES)
        place.links.mkdir(mode=0o700)
        for endpoint, programs in loaded:
            attach(place, endpoint, programs, indices[endpoint.name])


def attach(place: Instance, endpoint: PlannedEndpoint, programs: Programs, index: int) -> None:
    """Puts an endpoint's programs on its interface and pins the links."""
    for hook in HOOKS:
        with Link.create(programs.by_side[hook.side], index, hook.attach) as link:
            link.pin(place.link(endpoint.id, hook.side))


def unload(instance: str = "node") -> None:
    """Stops enforcing an instance and removes every trace, also of a load that crashed.

    InputError (CPC607) where there is nothing.
    """
    place = Instance(instance)
    with place.locked():
        if not place.folder.exists() and not place.pins.exists():
            place.current()
        if place.links.is_dir():
            for path in sorted(place.links.iterdir()):
                with Link.pinned(path) as link:
                    link.detach()
        place.remove()
