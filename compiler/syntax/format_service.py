"""The items of a service that need some thought."""

from cpc.compiler.syntax import tree

__all__ = ["duration_text", "vip_runs"]

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def duration_text(seconds: int) -> str:
    """Seconds in the largest unit that they are a whole number of."""
    letter, unit = next(u for u in _UNITS if seconds % u[1] == 0)
    return f"{seconds // unit}{letter}"


def vip_runs(node: tree.Service) -> list[list[tree.Text]]:
    """VIPs that no other item stands between."""
    others = sorted(
        [p.span.start for p in node.ports]
        + [b.span.start for b in node.backends]
        + ([node.balance.span.start] if node.balance else [])
        + ([node.affinity_span.start] if node.affinity_span else [])
    )
    runs: list[list[tree.Text]] = []
    for vip in node.vips:
        last = runs[-1][-1].span.end if runs else 0
        apart = any(last <= other < vip.span.start for other in others)
        if runs and not apart:
            runs[-1].append(vip)
        else:
            runs.append([vip])
    return runs
