"""A random policy really enforced: parties as an inventory, programs on interfaces, packets as bytes."""

from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.model import Direction
from cpc.runtime import rehearsal
from cpc.runtime.attach import Side
from cpc.runtime.rehearsal import ENDPOINTS, Seen, interfaces, inventory_of
from tests.packets import Ip, ip

__all__ = ["ENDPOINTS", "Enforced", "Seen", "interfaces", "inventory_of", "opening", "reply"]

_SIDES = {Direction.EGRESS: Side.FROM, Direction.INGRESS: Side.TO}


class Enforced(rehearsal.Enforced):
    """An artifact loaded and attached for an inventory. A context manager."""

    def send(self, endpoint: str, direction: Direction, packet: Ip) -> Seen:
        """A packet from an endpoint (egress) or to it (ingress), through the attached program."""
        return self.give(endpoint, _SIDES[direction], packet.frame())


def _addresses(flow: Flow) -> tuple[str, str]:
    """Source and destination of a packet of the flow's direction."""
    subject, peer = str(flow.subject.address), str(flow.peer.address)
    return (subject, peer) if flow.direction is Direction.EGRESS else (peer, subject)


def opening(flow: Flow, number: int) -> Ip:
    """The first packet of a flow; `number` (1-255) makes its source port or identifier."""
    packet = ip(*_addresses(flow))
    client = 40000 + number
    match flow.protocol:
        case 6:
            return packet.tcp(client, flow.port, "S")
        case 17:
            return packet.udp(client, flow.port)
        case 132:
            return packet.sctp(client, flow.port)
        case 1 | 58 if packet.source.version == (4 if flow.protocol == 1 else 6):
            rest = number.to_bytes(2, "big") + b"\0\1"
            return packet.icmp(flow.port >> 8, flow.port & 0xFF, rest)
        case protocol:
            return packet.raw(protocol, bytes(16))


def reply(flow: Flow, number: int) -> Ip | None:
    """The answer to `opening`; None where the protocol knows none."""
    destination, source = _addresses(flow)
    packet = ip(source, destination)
    client = 40000 + number
    match flow.protocol:
        case 6:
            return packet.tcp(flow.port, client, "SA")
        case 17:
            return packet.udp(flow.port, client)
        case 132:
            return packet.sctp(flow.port, client)
        case 1 | 58 if packet.source.version == (4 if flow.protocol == 1 else 6):
            if flow.port != (8 if flow.protocol == 1 else 128) << 8:
                return None
            return packet.ping(number, reply=True)
        case protocol:
            return packet.raw(protocol, bytes(16))
