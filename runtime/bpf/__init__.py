"""The thin boundary to the kernel: the only code that calls libbpf."""

from cpc.runtime.bpf.kernel import (
    TCX_EGRESS,
    TCX_INGRESS,
    Handle,
    Link,
    LinkInfo,
    Map,
    Program,
    ProgramInfo,
)
from cpc.runtime.bpf.object import BpfObject, VerifierRejected
from cpc.runtime.bpf.ring import Ring
from cpc.runtime.bpf.testrun import Ran, Skb, run

__all__ = [
    "TCX_EGRESS",
    "TCX_INGRESS",
    "BpfObject",
    "Handle",
    "Link",
    "LinkInfo",
    "Map",
    "Program",
    "ProgramInfo",
    "Ran",
    "Ring",
    "Skb",
    "VerifierRejected",
    "run",
]
