"""Changes of connections between workloads, as np-guard writes them, and for programs."""

from collections.abc import Sequence
from typing import Any

from cpc.compiler.commands.connectivity_text import allowed_json, allowed_words, peer_json
from cpc.compiler.verify.connection_changes import ConnectionChange
from cpc.compiler.verify.connectivity import Workload

__all__ = ["changes_json", "changes_txt"]


def changes_txt(changes: Sequence[ConnectionChange]) -> str:
    """One line a pair: `diff-type: added, source: a, destination: b, ref1: ..., ref2: ...`."""
    return "".join(sorted(map(_line, changes)))


def _line(change: ConnectionChange) -> str:
    said = (
        f"diff-type: {_kind(change)}, source: {change.source}, destination: {change.destination}, "
        f"ref1: {allowed_words(change.before)}, ref2: {allowed_words(change.after)}"
    )
    news = [_news(change.added, "added"), _news(change.removed, "removed")]
    told = ", ".join(part for part in news if part)
    return f"{said}, workloads-diff-info: {told}\n" if told else f"{said}\n"


def _kind(change: ConnectionChange) -> str:
    if change.before and change.after:
        return "changed"
    return "added" if change.after else "removed"


def _news(workloads: Sequence[Workload], word: str) -> str:
    return f"workload {' and '.join(map(str, workloads))} {word}" if workloads else ""


def changes_json(changes: Sequence[ConnectionChange]) -> list[dict[str, Any]]:
    """The changes with exact services."""
    return [
        {
            "change": _kind(change),
            "source": peer_json(change.source),
            "destination": peer_json(change.destination),
            "before": allowed_json(change.before),
            "after": allowed_json(change.after),
            "added": [str(workload) for workload in change.added],
            "removed": [str(workload) for workload in change.removed],
        }
        for change in changes
    ]
