"""The status of an instance, for people and as JSON (`cpc.status/1`)."""

import json

from cpc.compiler.commands.table import columns
from cpc.runtime.status import EndpointStatus, Status

__all__ = ["status_json", "status_text"]

SCHEMA = "cpc.status/1"


def _state(endpoint: EndpointStatus) -> str:
    if not endpoint.ready:
        return "detached"
    return "replacing" if any(hook.replacing for hook in endpoint.hooks) else "ready"


def status_text(status: Status) -> str:
    """Lines for people."""
    endpoints = [("endpoint", "interface", "identity", "state", "addresses")]
    endpoints += [
        (e.name, e.interface, str(e.identity), _state(e), " ".join(map(str, e.addresses)))
        for e in status.endpoints
    ]
    sizes = (
        f"{status.identities} identities, {status.addresses} addresses, "
        f"{status.connections} connections"
    )
    lines = [
        f"instance {status.instance}, generation {status.generation}",
        f"policy {status.policy}",
        sizes,
        "",
        *columns(endpoints),
    ]
    if status.counts:
        counts = [("direction", "verdict", "reason", "packets", "bytes")]
        counts += [
            (
                count.direction,
                "drop" if count.reason.dropped else "pass",
                count.reason.label,
                str(count.packets),
                str(count.bytes),
            )
            for count in status.counts
        ]
        lines += ["", *columns(counts)]
    if status.lost:
        lines += ["", f"{status.lost} events were lost"]
    return "\n".join(lines) + "\n"


def status_json(status: Status) -> str:
    """One JSON object."""
    document = {
        "schema": SCHEMA,
        "instance": status.instance,
        "generation": status.generation,
        "policy": status.policy,
        "identities": status.identities,
        "addresses": status.addresses,
        "connections": status.connections,
        "lost_events": status.lost,
        "endpoints": [
            {
                "id": endpoint.id,
                "name": endpoint.name,
                "interface": endpoint.interface,
                "identity": endpoint.identity,
                "state": _state(endpoint),
                "addresses": [str(address) for address in endpoint.addresses],
                "hooks": [
                    {"side": str(hook.side), "attached": hook.attached, "tag": hook.tag}
                    for hook in endpoint.hooks
                ],
            }
            for endpoint in status.endpoints
        ],
        "counts": [
            {
                "direction": count.direction,
                "verdict": "drop" if count.reason.dropped else "pass",
                "reason": count.reason.label,
                "packets": count.packets,
                "bytes": count.bytes,
            }
            for count in status.counts
        ],
    }
    return json.dumps(document, indent=2) + "\n"
