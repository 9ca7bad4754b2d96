"""`cpc monitor`: verdicts as they fall, one a line."""

import json
from itertools import islice

from msgspec import Struct

from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.report import Format
from cpc.runtime.events import Event, human, json_event
from cpc.runtime.monitor import Filters, Tell, monitor

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to watch, and when to stop; `count` and `seconds` None: not before Ctrl-C."""

    instance: str
    drops: bool
    every: bool
    endpoints: tuple[str, ...]
    count: int | None
    seconds: float | None


def _tell(order: Order) -> Tell:
    if order.drops and order.every:
        raise InputError(
            error(
                "CPC080",
                "`--drops` and `--all` exclude each other",
                help="leave one of them out",
            )
        )
    if order.drops:
        return Tell.DROPS
    return Tell.DROPS | Tell.NEW | Tell.ALL if order.every else Tell.DROPS | Tell.NEW


def _line(event: Event, terminal: Terminal) -> str:
    return json.dumps(json_event(event)) if terminal.format is Format.JSON else human(event)


def run(order: Order, terminal: Terminal) -> int:
    """Answers with events until enough were seen, the time is over, or nothing is loaded any more."""
    filters = Filters(_tell(order), frozenset(order.endpoints))
    events = monitor(order.instance, filters, seconds=order.seconds)
    for event in islice(events, order.count):
        terminal.answer(_line(event, terminal) + "\n", "" if event.allowed else "red")
    return Exit.CLEAN
