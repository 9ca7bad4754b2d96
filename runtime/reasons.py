"""Why a packet passed or was dropped: templates/bpf/lib/reason.h, for people and programs."""

from enum import IntEnum

__all__ = ["DROP_FIRST", "REASONS", "PacketReason"]

DROP_FIRST = 32
"""Reasons from here on are drops."""

REASONS = 64
"""Counters are kept for so many reasons."""


class PacketReason(IntEnum):
    """One reason; numbers are stable and never reused."""

    PASS_NEW = 0
    PASS_ESTABLISHED = 1
    PASS_REPLY = 2
    PASS_RELATED = 3
    PASS_OUTSIDE = 4
    PASS_SELF = 5
    PASS_RESET = 6
    DROP_POLICY = 32
    DROP_POLICY_CHANGED = 33
    DROP_SPOOFED = 34
    DROP_FRAGMENT = 35
    DROP_MALFORMED = 36
    DROP_SOURCE_ROUTE = 37
    DROP_VLAN = 38
    DROP_UNSUPPORTED_L3 = 39
    DROP_CT_FULL = 40
    DROP_SWAP = 41
    DROP_INTERNAL = 42

    @property
    def dropped(self) -> bool:
        """Whether the packet did not go on."""
        return self >= DROP_FIRST

    @property
    def label(self) -> str:
        """As monitors show it: `policy-changed`, `reply`."""
        return self.name.split("_", 1)[1].lower().replace("_", "-")
