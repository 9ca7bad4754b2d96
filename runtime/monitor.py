"""Watching an instance: events as they come."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import IntFlag

from msgspec import Struct

from cpc.compiler.errors import InputError
from cpc.runtime.bpf import Map, Ring
from cpc.runtime.events import Event, Namer, decode
from cpc.runtime.maps import U32
from cpc.runtime.state import Generation, Instance, no_endpoint

__all__ = ["Filters", "Tell", "monitor"]

_SLICE = 0.2
"""Seconds between looks at whether the instance is still there."""


class Tell(IntFlag):
    """Which packets send an event; decisions that are logged always do. CPC_TELL_* of events.h."""

    DROPS = 1
    NEW = 2
    ALL = 4


class Filters(Struct, frozen=True):
    """What to watch: names of endpoints (none: all), what the datapath is asked to tell."""

    tell: Tell = Tell.DROPS | Tell.NEW
    endpoints: frozenset[str] = frozenset()

    def wants(self, event: Event) -> bool:
        return not self.endpoints or event.endpoint in self.endpoints


def monitor(
    instance: str = "node",
    filters: Filters | None = None,
    *,
    seconds: float | None = None,
    started: Callable[[], None] | None = None,
) -> Iterator[Event]:
    """Events from now on, until `seconds` are over or the instance is unloaded.

    The datapath is asked for what `filters` want while the iterator lives. Events leave the
    ring as they are read, so there is one monitor at a time (CPC618). `started` is called once, when the datapath has been
    asked. InputError where nothing is loaded, or
    no endpoint of such a name (CPC617).
    """
    wanted = filters or Filters()
    place = Instance(instance)
    loaded = {endpoint.name for endpoint in place.read(place.current()).endpoints}
    for name in sorted(wanted.endpoints - loaded):
        raise no_endpoint(name, loaded)
    deadline = None if seconds is None else time.monotonic() + seconds
    namer = Namer(lambda number: _generation(place, number))
    with ExitStack() as held:
        held.enter_context(place.watched())
        source = held.enter_context(Map.pinned(place.shared / "events"))
        control = held.enter_context(Map.pinned(place.shared / "control"))
        ring = held.enter_context(Ring(source))
        ring.poll(0)
        control.update(U32.pack(0), U32.pack(wanted.tell))
        held.callback(control.update, U32.pack(0), U32.pack(0))
        if started is not None:
            started()
        while place.exists() and (deadline is None or time.monotonic() < deadline):
            wait = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
            for record in ring.poll(max(0.0, wait)):
                event = namer.name(decode(record))
                if wanted.wants(event):
                    yield event


def _generation(place: Instance, number: int) -> Generation | None:
    """What an event's numbers mean; None where that policy is gone."""
    if not place.generation_folder(number).exists():
        return None
    try:
        return place.read(number)
    except InputError:
        return None
