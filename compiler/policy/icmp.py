"""Names of ICMP types, as IANA's registries "ICMP Type Numbers" and "ICMPv6 Parameters" have them."""

__all__ = ["TYPES"]

_ICMP = {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp": 13,
    "timestamp-reply": 14,
    "information-request": 15,
    "information-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
    "photuris": 40,
    "extended-echo-request": 42,
    "extended-echo-reply": 43,
}

_ICMPV6 = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "multicast-listener-query": 130,
    "multicast-listener-report": 131,
    "multicast-listener-done": 132,
    "router-solicitation": 133,
    "router-advertisement": 134,
    "neighbor-solicitation": 135,
    "neighbor-advertisement": 136,
    "redirect": 137,
    "router-renumbering": 138,
    "node-information-query": 139,
    "node-information-response": 140,
    "multicast-listener-report-v2": 143,
    "duplicate-address-request": 157,
    "duplicate-address-confirmation": 158,
    "extended-echo-request": 160,
    "extended-echo-reply": 161,
}

TYPES: dict[str, dict[str, int]] = {"icmp": _ICMP, "icmpv6": _ICMPV6}
"""Type numbers by the protocol's word in the language, then by the type's name."""
