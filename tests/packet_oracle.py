"""What a frame is, read from the rules and not from the C: the datapath's parser is held against this."""

import struct

from msgspec import Struct

from cpc.runtime.reasons import PacketReason

__all__ = ["Facts", "parse"]

EXTENSIONS = {0, 43, 44, 60}
PORTS = {6: 20, 17: 8, 132: 12}
"""Bytes of the header of each protocol with ports."""


class Facts(Struct, frozen=True):
    """An IP packet that the policy may be asked about.

    `service_key` is None for later fragments, which take it from their first. `fragment` is None for
    whole packets, else (offset in bytes, more).
    """

    family: int
    protocol: int
    source: bytes
    destination: bytes
    ports: tuple[int, int]
    service_key: int | None
    flags: int
    fragment: tuple[int, bool] | None
    outside: bool


class _Refused(Exception):
    def __init__(self, reason: PacketReason) -> None:
        super().__init__(reason)
        self.reason = reason


def _need(condition: bool, reason: PacketReason = PacketReason.DROP_MALFORMED) -> None:
    if not condition:
        raise _Refused(reason)


def parse(data: bytes) -> Facts | PacketReason:
    """The facts, or why the packet passes or drops before anyone is asked."""
    try:
        _need(len(data) >= 14)
        (kind,) = struct.unpack_from("!H", data, 12)
        if kind == 0x0806:
            return PacketReason.PASS_OUTSIDE
        _need(kind not in (0x8100, 0x88A8), PacketReason.DROP_VLAN)
        _need(kind in (0x0800, 0x86DD), PacketReason.DROP_UNSUPPORTED_L3)
        return _ipv4(data[14:]) if kind == 0x0800 else _ipv6(data[14:])
    except _Refused as refused:
        return refused.reason


def _options(data: bytes) -> None:
    while data:
        match data[0]:
            case 0:
                return
            case 1:
                data = data[1:]
            case 131 | 137:
                raise _Refused(PacketReason.DROP_SOURCE_ROUTE)
            case _:
                _need(len(data) >= 2 and 2 <= data[1] <= len(data))
                data = data[data[1] :]


def _ipv4(data: bytes) -> Facts:
    _need(len(data) >= 20 and data[0] >> 4 == 4)
    size = (data[0] & 15) * 4
    total, _, fragment = struct.unpack_from("!HHH", data, 2)
    _need(20 <= size <= total <= len(data))
    _options(data[20:size])
    return _upper(
        4,
        data[9],
        data[12:16],
        data[16:20],
        data[size:total],
        ((fragment & 0x1FFF) * 8, bool(fragment & 0x2000)) if fragment & 0x3FFF else None,
        data[8],
    )


def _ipv6(data: bytes) -> Facts:
    _need(len(data) >= 40 and data[0] >> 4 == 6)
    (length,) = struct.unpack_from("!H", data, 4)
    _need(40 + length <= len(data))
    rest = data[40 : 40 + length]
    following, walked = data[6], 0
    fragment: tuple[int, bool] | None = None
    while following in EXTENSIONS:
        _need(len(rest) >= 8 and walked < 8)
        _need(following != 0 or walked == 0)
        _need(following != 43 or rest[3] == 0, PacketReason.DROP_SOURCE_ROUTE)
        walked += 1
        if following == 44:
            _need(fragment is None)
            (where,) = struct.unpack_from("!H", rest, 2)
            fragment = (where & 0xFFF8, bool(where & 1))
            following, rest = rest[0], rest[8:]
            if fragment[0]:
                break
        else:
            size = (rest[1] + 1) * 8
            _need(size <= len(rest))
            following, rest = rest[0], rest[size:]
    return _upper(6, following, data[8:24], data[24:40], rest, fragment, data[7])


def _upper(
    family: int,
    protocol: int,
    source: bytes,
    destination: bytes,
    data: bytes,
    fragment: tuple[int, bool] | None,
    hop_limit: int,
) -> Facts:
    def facts(
        ports: tuple[int, int] = (0, 0),
        key: int | None = None,
        flags: int = 0,
        outside: bool = False,
    ) -> Facts:
        return Facts(family, protocol, source, destination, ports, key, flags, fragment, outside)

    if fragment is not None and fragment[0]:
        _need(protocol != 6 or fragment[0] >= 20)
        return facts()
    if protocol in PORTS:
        _need(len(data) >= PORTS[protocol])
        ports = struct.unpack_from("!HH", data)
        flags = 0
        if protocol == 6:
            _need(20 <= (data[12] >> 4) * 4 <= len(data))
            flags = data[13]
        return facts((ports[0], ports[1]), protocol << 16 | ports[1], flags)
    if protocol == (1 if family == 4 else 58):
        _need(len(data) >= 8)
        kind, code = data[0], data[1]
        discovery = 133 <= kind <= 136 and code == 0 and hop_limit == 255
        listeners = kind in (130, 131, 132, 143) and destination[:2] == b"\xff\x02"
        outside = family == 6 and fragment is None and (discovery or listeners)
        return facts(key=protocol << 16 | kind << 8 | code, outside=outside)
    if protocol in (1, 58):
        return facts(key=(protocol | 0x100) << 16)
    return facts(key=protocol << 16)
