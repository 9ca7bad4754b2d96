"""What the demo found, for people: pairs of hosts with what passes between them, and why."""

import json
from collections.abc import Iterable, Sequence

from cpc.compiler.commands.table import columns
from cpc.runtime.demo.scenario import Cell, Demo, Traffic

__all__ = ["demo_json", "demo_text"]

SCHEMA = "cpc.demo/1"


def _word(allowed: bool) -> str:
    return "pass" if allowed else "drop"


def _services(cells: Iterable[Cell]) -> str:
    return " ".join(dict.fromkeys(str(cell.probe.service) for cell in cells))


def _rows(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """One row for the services of a pair of hosts that fare alike; IPv4 and IPv6 apart where they differ."""
    families: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for cell in cells:
        families.setdefault(_asked(cell), set()).add(_found(cell))
    alike: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        source, destination, _ = _asked(cell)
        both = len(families[_asked(cell)]) == 1
        family = "4 6" if both else str(cell.probe.address.version)
        alike.setdefault((source, destination, family, *_found(cell)), []).append(cell)
    return [(*facts[:-1], _services(same), facts[-1]) for facts, same in alike.items()]


def _asked(cell: Cell) -> tuple[str, str, str]:
    probe = cell.probe
    return probe.source, probe.destination, str(probe.service)


def _found(cell: Cell) -> tuple[str, str, str, str]:
    doubt = "" if cell.right else f"WRONG: the kernel says {cell.kernel}"
    return _word(cell.expected.allowed), _word(cell.observed), cell.expected.rule(), doubt


def _matrix(title: str, cells: Sequence[Cell]) -> list[str]:
    head = ("from", "to", "IP", "expected", "observed", "decided by", "services", "")
    return [title, "", *columns([head, *_rows(cells)]), ""]


def _traffic(traffic: Sequence[Traffic]) -> list[str]:
    return [
        f"  {flow.name}: {flow.received} of {flow.sent} packets arrived, "
        f"{flow.expected} should{'' if flow.right else '  WRONG'}"
        for flow in traffic
    ]


def demo_text(demo: Demo) -> str:
    """All of it, and a last line that says whether everything was as the policies say."""
    names = demo.scene.policies
    lines = _matrix(f"With {names[0]}:", demo.before)
    if demo.replaced is not None:
        hooks, seconds = demo.replaced.hooks, demo.replaced.seconds
        lines += [
            f"Replaced by {names[-1]} under traffic, {hooks} hooks in {seconds:.2f} s:",
            "",
            *_traffic(demo.traffic),
            "",
        ]
    if demo.after:
        lines += _matrix(f"With {names[-1]}:", demo.after)
    cells = [*demo.before, *demo.after]
    right = sum(cell.right for cell in cells)
    lines.append(f"{right} of {len(cells)} probes went as the policies say, rule for rule.")
    return "\n".join(lines) + "\n"


def demo_json(demo: Demo) -> str:
    """One JSON object."""

    def cells(of: Sequence[Cell]) -> list[dict[str, object]]:
        return [
            {
                "from": cell.probe.source,
                "to": cell.probe.destination,
                "source": str(cell.probe.source_address),
                "destination": str(cell.probe.address),
                "service": str(cell.probe.service),
                "expected": _word(cell.expected.allowed),
                "observed": _word(cell.observed),
                "rule": cell.expected.rule(),
                "kernel": cell.kernel,
                "right": cell.right,
            }
            for cell in of
        ]

    traffic = [
        {"flow": t.name, "expected": t.expected, "sent": t.sent, "received": t.received}
        for t in demo.traffic
    ]
    document = {
        "schema": SCHEMA,
        "demo": demo.scene.name,
        "right": demo.right,
        "before": cells(demo.before),
        "traffic": traffic,
        "after": cells(demo.after),
    }
    return json.dumps(document, indent=2) + "\n"
