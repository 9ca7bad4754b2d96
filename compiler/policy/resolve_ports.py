"""Port parts: numbers, ranges, ICMP types, protocols; container port names are left for the halves."""

import re

from msgspec import Struct

from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.policy.icmp import TYPES
from cpc.compiler.policy.model import PortRange, Protocol
from cpc.compiler.policy.names import Memo, Scope
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["CARRIERS", "PORT_NAME_HELP", "NamedRef", "PortSet", "Ports", "is_port_name"]

CARRIERS: dict[str, tuple[int, ...]] = {
    "tcp": (int(Protocol.TCP),),
    "udp": (int(Protocol.UDP),),
    "sctp": (int(Protocol.SCTP),),
    "any": (int(Protocol.TCP), int(Protocol.UDP), int(Protocol.SCTP)),
}
"""Protocols with ports, by their word."""

_ICMP = {"icmp": int(Protocol.ICMP), "icmpv6": int(Protocol.ICMPV6)}


_KNOWN_PORTS = {"dns": 53, "domain": 53, "http": 80, "https": 443, "ssh": 22}
"""Numbers that an example shows for well-known names; any other gets 8080."""

_ICMP_WORDS = {
    "ping": "echo-request",
    "echo": "echo-request",
    "pong": "echo-reply",
    "reply": "echo-reply",
    "unreachable": "destination-unreachable",
    "ttl-exceeded": "time-exceeded",
}
"""What people call types of both ICMP and ICMPv6, and their names."""


PORT_NAME_HELP = "it has up to 15 of a-z, 0-9 and `-`, and a letter among them"


def is_port_name(text: str) -> bool:
    """Whether it can name a container port (Kubernetes' IANA_SVC_NAME, RFC 6335)."""
    return (
        len(text) <= 15
        and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) is not None
        and re.search(r"[a-z]", text) is not None
    )


class NamedRef(Struct, frozen=True):
    """A container port by name, on one of the protocols."""

    name: str
    protocols: tuple[int, ...]
    span: Span


class PortSet(Struct, frozen=True):
    """What a rule's ports say: `ranges` sorted and unique, and names that only an inventory resolves."""

    ranges: tuple[PortRange, ...]
    named: tuple[NamedRef, ...]


class Ports:
    """Resolves port parts; errors are CPC301, CPC304, CPC305, CPC308, CPC320-CPC324."""

    def __init__(self, scope: Scope, values: Values) -> None:
        self._scope = scope
        self._values = values
        self._known: Memo[tree.PortDef, PortSet] = Memo(scope, lambda d: self.ports(d.ports))
        for definition in scope.definitions.values():
            if isinstance(definition, tree.PortDef):
                self._known.get(definition)

    def ports(self, parts: tuple[tree.Ports, ...]) -> PortSet | None:
        """The union of some parts; None after an error."""
        ranges: set[PortRange] = set()
        named: dict[NamedRef, None] = {}
        failed = False
        for part in parts:
            found = self._named(part) if isinstance(part, tree.Name) else self._part(part)
            if found is None:
                failed = True
                continue
            ranges.update(found.ranges)
            named.update(dict.fromkeys(found.named))
        return None if failed else PortSet(tuple(sorted(ranges)), tuple(named))

    def _named(self, name: tree.Name) -> PortSet | None:
        found = self._scope.find(name, (tree.PortDef,), "a port")
        return self._known.get(found, name.span) if isinstance(found, tree.PortDef) else None

    def _part(self, part: tree.PortPart) -> PortSet | None:
        if part.protocol in CARRIERS:
            return self._carrier(part)
        ranges = self._icmp(part) if part.protocol in _ICMP else self._protocols(part)
        return None if ranges is None else PortSet(ranges, ())

    # --- tcp, udp, sctp, any -------------------------------------------------------------------

    def _carrier(self, part: tree.PortPart) -> PortSet | None:
        protocols = CARRIERS[part.protocol]
        if part.code is not None:
            self._refuse(
                "CPC322",
                f"`{part.protocol}` has no codes",
                part.code.span,
                "only `icmp` and `icmpv6` have",
            )
            return None
        if not part.items:
            return PortSet(tuple(PortRange(p) for p in protocols), ())
        ranges: list[PortRange] = []
        named: list[NamedRef] = []
        failed = False
        for item in part.items:
            bounds = self._port_item(part.protocol, item)
            match bounds:
                case None:
                    failed = True
                case str(name), span:
                    named.append(NamedRef(name, protocols, span))
                case int(low), int(high):
                    ranges += [PortRange(p, low, high) for p in protocols]
        return None if failed else PortSet(tuple(ranges), tuple(named))

    def _port_item(
        self, protocol: str, item: "tuple[tree.Value, tree.Value] | tree.Text | tree.Name"
    ) -> tuple[int, int] | tuple[str, Span] | None:
        """A range of ports, or a container port's name with its place."""
        if isinstance(item, tuple) and item[0] != item[1]:
            return self._range(item, "a port", 65535)
        value = item[0] if isinstance(item, tuple) else item
        if isinstance(value, tree.Name) and value.text not in self._scope.definitions:
            self._unknown(protocol, value)
            return None
        constant = self._values.constant(value, "a port")
        if constant is None:
            return None
        if constant.number is not None:
            if constant.number == 0:
                self._refuse(
                    "CPC320",
                    "port 0 is never used",
                    value.span,
                    "leave the number out to mean every port",
                )
                return None
            return (
                (constant.number,) * 2
                if self._fits(constant.number, value.span, "a port", 65535)
                else None
            )
        name = constant.text or ""
        if is_port_name(name):
            return name, value.span
        help = (
            "write port numbers without quotes"
            if name.isdecimal()
            else (
                "a container port's name has up to 15 of a-z, 0-9 and `-`, and a letter among them"
            )
        )
        self._refuse("CPC324", f"`{name}` is no port name", value.span, help)
        return None

    def _unknown(self, protocol: str, name: tree.Name) -> None:
        word = name.text
        constants = [
            known
            for known, definition in self._scope.definitions.items()
            if isinstance(definition, tree.Const | tree.Param)
        ]
        help = (
            f'a container port\'s name is quoted: `{protocol}/"{word}"`; a name for a number is '
            f"defined as in `port {word} = {protocol}/{_KNOWN_PORTS.get(word, 8080)}`, and then "
            f"used as `{word}`"
        )
        self._scope.unknown(name, "a port", constants, help)

    # --- icmp, icmpv6, proto -------------------------------------------------------------------

    def _icmp(self, part: tree.PortPart) -> tuple[PortRange, ...] | None:
        protocol = _ICMP[part.protocol]
        if not part.items:
            return (PortRange(protocol),)
        code = part.code
        if code is not None and not self._fits(code.value, code.span, "an ICMP code", 255):
            return None
        ranges: list[PortRange] = []
        for item in part.items:
            bounds = self._icmp_type(part.protocol, item)
            if bounds is None:
                return None
            low, high = bounds
            if code is None:
                ranges.append(PortRange(protocol, low << 8, high << 8 | 255))
            else:
                ranges += [
                    PortRange(protocol, t << 8 | code.value, t << 8 | code.value)
                    for t in range(low, high + 1)
                ]
        return tuple(ranges)

    def _icmp_type(
        self, protocol: str, item: "tuple[tree.Value, tree.Value] | tree.Text | tree.Name"
    ) -> tuple[int, int] | None:
        what = f"a type of `{protocol}`"
        if isinstance(item, tuple) and item[0] != item[1]:
            return self._range(item, what, 255)
        value = item[0] if isinstance(item, tuple) else item
        types = TYPES[protocol]
        if isinstance(value, tree.Name) and value.text not in self._scope.definitions:
            if value.text in types:
                return (types[value.text],) * 2
            near = _ICMP_WORDS.get(value.text.lower()) or suggest(value.text, tuple(types))
            other = next((p for p in TYPES if p != protocol and value.text in TYPES[p]), None)
            help = f"did you mean `{near}`?" if near else "write the type's number"
            if other is not None:
                help = f"`{value.text}` is a type of `{other}`"
            self._refuse("CPC323", f"`{protocol}` has no type `{value.text}`", value.span, help)
            return None
        if isinstance(value, tree.Text):
            self._refuse(
                "CPC323",
                f"`{value.value}` is no ICMP type",
                value.span,
                "write type names without quotes",
            )
            return None
        number = self._values.number(value, what)
        if number is None or not self._fits(number, value.span, what, 255):
            return None
        return number, number

    def _protocols(self, part: tree.PortPart) -> tuple[PortRange, ...] | None:
        ranges: list[PortRange] = []
        if not part.items or part.code is not None:
            self._refuse(
                "CPC322",
                "`proto` takes protocol numbers alone",
                part.span,
                "write it as in `proto/47`",
            )
            return None
        for item in part.items:
            pair = item if isinstance(item, tuple) else (item, item)
            bounds = self._range(pair, "an IP protocol", 255)
            if bounds is None:
                return None
            ranges += [PortRange(p) for p in range(bounds[0], bounds[1] + 1)]
        return tuple(ranges)

    # --- numbers -------------------------------------------------------------------------------

    def _range(
        self, pair: "tuple[tree.Value, tree.Value]", what: str, most: int
    ) -> tuple[int, int] | None:
        low, high = (self._values.number(v, what) for v in pair)
        if low is None or high is None:
            return None
        fits = [self._fits(n, v.span, what, most) for n, v in zip((low, high), pair, strict=True)]
        if not all(fits):
            return None
        if low > high:
            whole = pair[0].span.to(pair[1].span)
            self._refuse(
                "CPC321", f"the range `{low}-{high}` runs backwards", whole, f"write `{high}-{low}`"
            )
            return None
        return low, high

    def _fits(self, number: int, span: Span, what: str, most: int) -> bool:
        if 0 <= number <= most:
            return True
        shown = f"`{number}`" if number < 10**12 else "this number"
        self._refuse("CPC320", f"{shown} is too large for {what}", span, f"the largest is {most}")
        return False

    def _refuse(self, code: str, message: str, span: Span, help: str) -> None:
        self._scope.diagnostics.append(error(code, message, span, help=help))
