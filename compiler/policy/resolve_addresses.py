"""Addresses: prefixes, what is excepted from them, and DNS name patterns."""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

from cpc.compiler.diagnostics import Label, error, warning
from cpc.compiler.policy.model import Address, Cidr, Fqdn, Network
from cpc.compiler.policy.names import Memo, Scope
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Addresses", "dns_pattern"]

_MAPPED = IPv6Network("::ffff:0:0/96")

_DNS_PATTERN = re.compile(r"(?!.{254})[-a-z0-9_*]{1,63}(\.[-a-z0-9_*]{1,63})*")


def dns_pattern(text: str) -> str | None:
    """A DNS name or pattern in lower case without its trailing dot; None when it is none."""
    name = text.lower().removesuffix(".")
    return name if _DNS_PATTERN.fullmatch(name) else None


class Addresses:
    """Resolves address sets and DNS patterns; errors are CPC301, CPC304, CPC305, CPC311-CPC315."""

    def __init__(self, scope: Scope, values: Values) -> None:
        self._scope = scope
        self._values = values
        self._cidrs: Memo[tree.CidrDef, tuple[Cidr, ...]] = Memo(
            scope, lambda d: self.cidrs(d.value)
        )
        self._fqdns: Memo[tree.FqdnDef, Fqdn] = Memo(scope, self._fqdn)
        for definition in scope.definitions.values():
            if isinstance(definition, tree.CidrDef):
                self._cidrs.get(definition)
            elif isinstance(definition, tree.FqdnDef):
                self._fqdns.get(definition)

    def cidr_definition(self, definition: tree.CidrDef) -> tuple[Cidr, ...] | None:
        """The prefixes of a cidr definition; None after an error."""
        return self._cidrs.get(definition)

    def fqdn_definition(self, definition: tree.FqdnDef) -> Fqdn | None:
        """The patterns of an fqdn definition; None after an error."""
        return self._fqdns.get(definition)

    def cidrs(self, ref: tree.CidrRef) -> tuple[Cidr, ...] | None:
        """The prefixes of a list written in place, in written order; None after an error.

        `scope any` of the list holds for the definitions that it includes too.
        """
        found: dict[Cidr, None] = {}
        failed = False
        for item in ref.items:
            cidrs = self._included(item) if isinstance(item, tree.Name) else self._item(item)
            if cidrs is None:
                failed = True
                continue
            for c in cidrs:
                found[Cidr(c.network, c.excepts, c.scope_any or ref.scope_any)] = None
        if failed:
            return None
        if not ref.items:
            self._empty("this list of addresses is empty: it matches nothing", ref.span)
        return tuple(found)

    def address(self, text: tree.Text, what: str) -> Address | None:
        """One address; `what` is what stands here, with its article."""
        try:
            found = ip_address(text.value)
        except ValueError:
            self._refuse(
                "CPC311",
                f"`{text.value}` is not an address",
                text.span,
                f"{what} is an IPv4 or IPv6 address",
            )
            return None
        return found if self._plain(text, found.version, int(found)) else None

    def _included(self, name: tree.Name) -> tuple[Cidr, ...] | None:
        found = self._scope.find(name, (tree.CidrDef,), "a list of addresses")
        return self._cidrs.get(found, name.span) if isinstance(found, tree.CidrDef) else None

    def _item(self, item: tree.CidrItem) -> tuple[Cidr, ...] | None:
        network = self._network(item.network)
        excepts = [self._network(e) for e in item.excepts]
        if network is None or None in excepts:
            return None
        inside: list[Network] = []
        for text, hole in zip(item.excepts, excepts, strict=True):
            if hole is None:
                continue
            if not _contains(network, hole):
                self._refuse(
                    "CPC313",
                    f"`{text.value}` is not inside `{item.network.value}`",
                    text.span,
                    "an `except` takes addresses out of its own prefix: correct or remove it",
                    Label(item.network.span, "the prefix"),
                )
                return None
            inside.append(hole)
        if _whole(network, inside):
            self._empty("`except` takes out every address: this matches nothing", item.span)
        return (Cidr(network, tuple(sorted(set(inside), key=_network_key))),)

    def _network(self, text: tree.Text) -> Network | None:
        value = text.value
        if "%" in value:
            self._refuse(
                "CPC311",
                f"`{value}` has a zone",
                text.span,
                "a zone means something on one machine only: leave it out",
            )
            return None
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            self._refuse(
                "CPC311", f"`{value}` is not an address or a prefix", text.span, _why(value)
            )
            return None
        address, _, length = value.partition("/")
        if length and not length.isdecimal():
            self._refuse(
                "CPC311", f"`{value}` has a netmask", text.span, f"write its length: `{network}`"
            )
            return None
        has_bits = length and value != str(network)
        if has_bits and ip_address(address) != network.network_address:
            self._refuse(
                "CPC312",
                f"`{value}` has bits set after its prefix length",
                text.span,
                f"write `{network}` for the network, or `{address}` for the one address",
            )
            return None
        return network if self._plain(text, network.version, int(network.network_address)) else None

    def _plain(self, text: tree.Text, version: int, number: int) -> bool:
        """Whether it is no IPv4 address in IPv6 clothes: no packet carries those."""
        if version == 4 or number >> 32 != int(_MAPPED.network_address) >> 32:
            return True
        length = text.value.partition("/")[2]
        plain = f"{IPv4Address(number & 0xFFFFFFFF)}" + (f"/{int(length) - 96}" if length else "")
        message = f"`{text.value}` is an IPv4 address written as IPv6"
        self._refuse("CPC311", message, text.span, f"write `{plain}`")
        return False

    def _fqdn(self, definition: tree.FqdnDef) -> Fqdn | None:
        patterns: dict[str, None] = {}
        failed = False
        for value in definition.patterns:
            text = self._values.text(value, "a DNS name")
            pattern = text and self.pattern(text, value.span)
            if pattern:
                patterns[pattern] = None
            failed = failed or not pattern
        return None if failed else Fqdn(tuple(patterns))

    def pattern(self, text: str, span: Span) -> str | None:
        """A DNS name or pattern, normalised; None after an error."""
        pattern = dns_pattern(text)
        if pattern is None or re.fullmatch(r"[0-9.]+", pattern):
            self._refuse(
                "CPC315",
                f"`{text}` is not a DNS name",
                span,
                "write labels of letters, digits, `-` and `_` with dots between; `*` stands for a part of one",
            )
            return None
        return pattern

    def _empty(self, message: str, span: Span) -> None:
        help = "leave it out, or say which addresses you mean"
        self._scope.diagnostics.append(warning("CPC314", message, span, help=help))

    def _refuse(self, code: str, message: str, span: Span, help: str, *labels: Label) -> None:
        self._scope.diagnostics.append(error(code, message, span, labels=labels, help=help))


def _contains(network: Network, inner: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(network)
    return isinstance(inner, IPv6Network) and inner.subnet_of(network)


def _whole(network: Network, holes: list[Network]) -> bool:
    if sum(hole.num_addresses for hole in holes) < network.num_addresses:
        return False
    four = [h for h in holes if isinstance(h, IPv4Network)]
    six = [h for h in holes if isinstance(h, IPv6Network)]
    return network in (*collapse_addresses(four), *collapse_addresses(six))


def _network_key(network: Network) -> tuple[int, int, int]:
    return (network.version, int(network.network_address), network.prefixlen)


def _why(value: str) -> str:
    """What is wrong with a prefix that does not parse."""
    address, slash, _ = value.partition("/")
    try:
        width = ip_address(address).max_prefixlen
    except ValueError:
        if ":" in address:
            return "an IPv6 address is groups of up to four hex digits, as in `2001:db8::1`"
        return "an IPv4 address is four numbers up to 255 without leading zeros, as in `10.1.0.0`"
    return f"the length after `/` is a number from 0 to {width}" if slash else "check the address"
