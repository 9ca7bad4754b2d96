"""Ordered lists of rules about addresses and ports, the same ones every time, as `.cil` and for aerleon."""

import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

__all__ = ["Term", "aerleon_text", "cil_text", "definitions_text", "terms"]


class Term(Struct, frozen=True):
    """The first match decides. `protocol` is `tcp` or `udp`; ports from `low` to `high` of the destination."""

    name: str
    allow: bool
    sources: tuple[IPv4Network | IPv6Network, ...]
    protocol: str
    low: int
    high: int


def terms(number: int, seed: int = 1, pool: int = 64) -> Sequence[Term]:
    """A list of so many terms: a quarter of denies, a quarter of IPv6, one to three sources each.

    All sources lie in `pool` networks of /16 or /40: the fewer, the more terms meet each other.
    """
    chosen = random.Random(seed)
    return [_term(n, chosen, pool) for n in range(number)]


def _term(number: int, chosen: random.Random, pool: int) -> Term:
    network = _network6 if chosen.random() < 0.25 else _network4
    sources = {network(chosen, pool) for _ in range(chosen.choice((1, 1, 2, 3)))}
    low = chosen.choice((22, 53, 80, 443, 1024, 3306, 5432, 6379, 8080, 9090))
    high = low + chosen.choice((0, 0, 0, 10, 1000))
    protocol = chosen.choice(("tcp", "tcp", "udp"))
    name = f"t{number}"
    return Term(name, chosen.random() >= 0.25, tuple(sorted(sources, key=str)), protocol, low, high)


def _network4(chosen: random.Random, pool: int) -> IPv4Network:
    length = chosen.choice((16, 20, 22, 24, 24, 28, 32))
    inside = chosen.randrange(1 << 16) >> (32 - length) << (32 - length)
    return IPv4Network((10 << 24 | chosen.randrange(pool) << 16 | inside, length))


def _network6(chosen: random.Random, pool: int) -> IPv6Network:
    length = chosen.choice((40, 48, 48, 56, 64))
    inside = chosen.randrange(1 << 24) >> (64 - length) << (64 - length)
    prefix = 0x20010DB8 << 32 | chosen.randrange(pool) << 24 | inside
    return IPv6Network((prefix << 64, length))


def cil_text(listed: Sequence[Term]) -> str:
    """The list as a tier of `.cil`: term n stands in line n + 4, the first is 0."""
    lines = ["language 1", "default deny ingress for all", "tier admin priority 10 {"]
    for term in listed:
        action = "allow" if term.allow else "deny"
        sources = ", ".join(map(str, term.sources))
        ports = f"{term.low}" if term.low == term.high else f"{term.low}-{term.high}"
        lines.append(f"  ingress {action} {term.name}: {sources} -> all {term.protocol}/{ports}")
    return "\n".join([*lines, "}", ""])


def aerleon_text(listed: Sequence[Term]) -> str:
    """The list as a policy of aerleon, whose names `definitions_text` defines."""
    return "header {\n  target:: cisco test extended mixed\n}\n" + "".join(map(_aerleon, listed))


def _aerleon(term: Term) -> str:
    return (
        f"term {term.name} {{\n  source-address:: N_{term.name}\n  protocol:: {term.protocol}\n"
        f"  destination-port:: P_{term.name}\n"
        f"  action:: {'accept' if term.allow else 'deny'}\n}}\n"
    )


def definitions_text(listed: Sequence[Term]) -> tuple[str, str]:
    """What aerleon's names mean: its networks and its services."""
    return "\n".join(_networks(listed)) + "\n", "\n".join(_services(listed)) + "\n"


def _networks(listed: Sequence[Term]) -> Iterator[str]:
    for term in listed:
        first, *others = map(str, term.sources)
        yield f"N_{term.name} = {first}"
        yield from (f"  {other}" for other in others)


def _services(listed: Sequence[Term]) -> Iterator[str]:
    for term in listed:
        yield f"P_{term.name} = {term.low}-{term.high}/{term.protocol}"
