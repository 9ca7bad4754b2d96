"""Another policy from one packet to the next, on all hooks of an instance at once.

1. The new programs and tables are loaded; nobody runs them.
2. Each hook gets a swap program, which knows the old and the new one and takes the old.
3. Grace: packets that met an old program without a stamp leave the machine's queues.
4. The epoch flips: one store. From here on every fresh packet is the new policy's, on every hook.
5. Grace: packets with the old stamp leave.
6. The hooks get the new programs.
7. What is old is removed.

A failure before 4 puts everything back. A crash leaves the swap programs with what they decide by:
the next command that changes the instance finishes or undoes it (`settle`).
"""

import time
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from cpc.compiler.artifact import Artifact, Inventory
from cpc.runtime.attach import HOOKS, Hook, interface_index
from cpc.runtime.bpf import Link, Map, Program
from cpc.runtime.features import require
from cpc.runtime.maps import U32
from cpc.runtime.plan import Known, PlannedEndpoint, Sizes, plan
from cpc.runtime.programs import SHARED, TABLES, Programs, Tables, load_programs, load_swap
from cpc.runtime.state import Generation, Instance

__all__ = ["GRACE", "Report", "replace_policy", "settle"]

GRACE = 0.1
"""Seconds in which a packet that is between two hooks reaches the second."""

_OLD, _NEW = 0, 1


class Report(Struct, frozen=True):
    """What was replaced: generations, hooks that were swapped, endpoints that came and went."""

    instance: str
    before: int
    after: int
    hooks: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    seconds: float


def replace_policy(
    artifact: Artifact,
    inventory: Inventory | None,
    instance: str = "node",
    *,
    grace: float = GRACE,
) -> Report:
    """Puts another artifact, and another inventory where one is given, in an instance's place.

    Connections survive, and are decided again by the new policy as their packets come. InputError
    where nothing is loaded or anything fails: then everything is as it was.
    """
    place = Instance(instance)
    require()
    started = time.monotonic()
    with place.locked():
        settle(place)
        before = place.read(place.current())
        work = _Work(place, before, artifact, inventory or before.inventory)
        # Left from the right: what was done is undone while the descriptors are still open.
        with work.held, work.undo:
            work.prepare()
            work.flip(grace)
            work.finish(grace)
    return Report(
        instance=instance,
        before=before.number,
        after=work.planned.generation,
        hooks=len(work.swapped),
        added=tuple(sorted(e.name for e in work.added)),
        removed=tuple(sorted(e.name for e in work.removed)),
        seconds=time.monotonic() - started,
    )


def _stays(place: Instance, endpoint: PlannedEndpoint, inventory: Inventory) -> bool:
    """Whether an endpoint keeps its hooks: it is still there, on an interface that is."""
    wanted = {e.name: e.interface for e in inventory.endpoints}
    if wanted.get(endpoint.name) != endpoint.interface:
        return False
    for hook in HOOKS:
        path = place.link(endpoint.id, hook.side)
        if not path.exists():
            return False
        with Link.pinned(path) as link:
            if link.info().interface == 0:
                return False
    return True


class _Work:
    """One replacement. `held` closes every descriptor; `undo` takes every step back until the flip."""

    def __init__(
        self, place: Instance, before: Generation, artifact: Artifact, inventory: Inventory
    ) -> None:
        self.place = place
        self.before = before
        self.artifact = artifact
        self.inventory = inventory
        self.held = ExitStack()
        self.undo = ExitStack()
        staying = {e.name: e.id for e in before.endpoints if _stays(place, e, inventory)}
        reserved = frozenset(e.id for e in before.endpoints)
        known = Known(before.identities, staying, reserved)
        self.planned = plan(artifact.program, inventory, before.number + 1, known)
        self.added = [e for e in self.planned.endpoints if e.name not in staying]
        self.removed = [e for e in before.endpoints if e.name not in staying]
        self.indices = {e.name: interface_index(e.interface, e.name) for e in self.added}
        self.shared: dict[str, Map] = {}
        self.swapped: list[tuple[Link, Program]] = []
        """(link, the program that it gets in the end)"""

    def prepare(self) -> None:
        """Steps 1 and 2."""
        place, planned = self.place, self.planned
        self.undo.callback(place.forget, planned.generation)
        place.write(
            Generation(
                planned.generation,
                self.artifact,
                self.inventory,
                planned.endpoints,
                planned.identities,
            )
        )
        tables = self.held.enter_context(Tables.pinned(place.shared, SHARED))
        self.shared["counters"] = tables.by_name["counters"]
        loaded: list[tuple[PlannedEndpoint, Programs]] = []
        for endpoint in planned.endpoints:
            programs = load_programs(
                self.artifact.object, self.artifact.source, planned, endpoint, tables, Sizes()
            )
            loaded.append((endpoint, self.held.enter_context(programs)))
        tables.fill(planned)
        tables.pin(place.tables(planned.generation), TABLES)
        place.swap.mkdir(mode=0o700)
        self.undo.callback(remove_swap, place)
        for endpoint, programs in loaded:
            for hook in HOOKS:
                self._swap(endpoint, hook, programs.by_side[hook.side])

    def _swap(self, endpoint: PlannedEndpoint, hook: Hook, new: Program) -> None:
        """Puts a swap program on one hook; one that is new stays closed until the flip."""
        held, path = self.held, self.place.link(endpoint.id, hook.side)
        stays = endpoint not in self.added
        choices = {_NEW: new}
        if stays:
            link = held.enter_context(Link.pinned(path))
            choices[_OLD] = held.enter_context(Program.by_id(link.info().program))
        program, made = load_swap(self.artifact.object, hook, self.shared, choices)
        held.enter_context(program)
        for table in made.values():
            held.enter_context(table)
        if "swap_epoch" not in self.shared:
            self.shared["swap_epoch"] = made["swap_epoch"]
            made["swap_epoch"].pin(self.place.swap / "epoch")
        # A table of programs is emptied when nobody in user space holds it: a pin does, come a crash.
        made["swap_programs"].pin(self.place.swap / path.name)
        if stays:
            link.update(program)
            self.undo.callback(link.update, choices[_OLD])
        else:
            index = self.indices[endpoint.name]
            link = held.enter_context(Link.create(program, index, hook.attach))
            self.undo.callback(_detach, self.place, endpoint)
            link.pin(path)
        self.swapped.append((link, new))

    def flip(self, grace: float) -> None:
        """Steps 3 and 4. Nothing is undone after this."""
        time.sleep(grace)
        self.shared["swap_epoch"].update(U32.pack(0), U32.pack(_NEW))
        self.undo.pop_all()

    def finish(self, grace: float) -> None:
        """Steps 5 to 7."""
        place = self.place
        place.set_current(self.planned.generation)
        time.sleep(grace)
        for link, new in self.swapped:
            link.update(new)
        remove_swap(place)
        for endpoint in self.removed:
            _detach(place, endpoint)
        place.forget(self.before.number)


def _detach(place: Instance, endpoint: PlannedEndpoint) -> None:
    for hook in HOOKS:
        path = place.link(endpoint.id, hook.side)
        if path.exists():
            with Link.pinned(path) as link:
                link.detach()
            path.unlink()


def remove_swap(place: Instance) -> None:
    """Removes the pins of a replacement."""
    if place.swap.is_dir():
        for path in place.swap.iterdir():
            path.unlink()
        place.swap.rmdir()


def settle(place: Instance) -> None:
    """Ends a replacement that a crash interrupted, as its epoch says: undone or finished."""
    current = place.current()
    if (place.swap / "epoch").exists():
        with Map.pinned(place.swap / "epoch") as table:
            epoch = U32.unpack(table.lookup(U32.pack(0)) or bytes(4))[0]
        for path in sorted(place.swap.iterdir()):
            if path.name != "epoch":
                _settle_hook(place, path, epoch)
        if epoch == _NEW and place.generation_folder(current + 1).exists():
            current += 1
            place.set_current(current)
    remove_swap(place)
    for number in (current - 1, current + 1):
        place.forget(number)
    known = {f"{e.id}-{hook.side}" for e in place.read(current).endpoints for hook in HOOKS}
    # Removed by hand: the hooks went with it, and a replacement attaches them again.
    place.links.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in place.links.iterdir():
        if path.name not in known:
            path.unlink()


def _settle_hook(place: Instance, path: Path, epoch: int) -> None:
    hook = place.links / path.name
    if not hook.exists():
        return
    with Map.pinned(path) as table, Link.pinned(hook) as link:
        chosen = table.lookup(U32.pack(epoch))
        if chosen is not None and link.info().interface:
            with Program.by_id(U32.unpack(chosen)[0]) as program:
                link.update(program)
