"""Boxes in the words of the language: exactly the flows of a box, as short as that can be."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Direction,
    EndpointTerm,
    Entity,
    Everything,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Network,
    Not,
    PortRange,
    ServiceTerm,
)
from cpc.compiler.policy.words import ports_words, service_words, term_words
from cpc.compiler.verify.engine.index import atoms
from cpc.compiler.verify.engine.space import (
    ADDRESS,
    ENTITIES,
    EVERYONE,
    EXTERNAL,
    LABELLED,
    MANAGED,
    OTHER_SOURCES,
    PEER,
    SERVICE,
    SUBJECT,
    Box,
    Kind,
    Side,
    Space,
)

__all__ = ["region_words"]


def region_words(space: Space, direction: Direction, box: Box) -> str:
    """The flows of a box from client to server: `{ app = "web" } -> 10.0.0.0/8 tcp/80-90 (egress)`."""
    subject = _party(space, Side.SUBJECT, box)
    peer = _party(space, Side.PEER, box)
    client, server = (subject, peer) if direction is Direction.EGRESS else (peer, subject)
    services = _services(space, box.get(SERVICE))
    return f"{client} -> {server}{services} ({direction})"


# --- parties -----------------------------------------------------------------------------------


def _party(space: Space, side: Side, box: Box) -> str:
    at, everyone = (SUBJECT, MANAGED) if side is Side.SUBJECT else (PEER, EVERYONE)
    kinds = box.get(at, everyone)
    addresses = box.get(ADDRESS) if side is Side.PEER else None
    if addresses is not None and kinds in (EXTERNAL, EVERYONE):
        words = _addresses(space, addresses, kinds == EXTERNAL)
        return words + "".join(_facts(space, side, box))
    words = _entities(kinds) if kinds & ~MANAGED else _endpoints(space, side, kinds, box)
    if addresses is not None:
        words += f" at {_networks(space, addresses)}"
    return words + "".join(_facts(space, side, box))


def _endpoints(space: Space, side: Side, kinds: int, box: Box) -> str:
    """Managed parties, by their labels; a selector that asks for no label is about `init` too."""
    if not kinds & LABELLED:
        return str(Entity.INIT)
    asked = {
        key: box[at]
        for at, (where, key) in space.key_of.items()
        if where is side and box.get(at, space.full[at]) != space.full[at]
    }
    exprs = tuple(_key(space, key, mask) for key, mask in asked.items())
    expr = exprs[0] if len(exprs) == 1 else AllOf(exprs) if exprs else Everything()
    words = term_words(EndpointTerm(expr))
    meant = MANAGED if all(mask & 1 for mask in asked.values()) else LABELLED
    if not kinds & 1 << Kind.ENDPOINT:
        own = f"{Entity.HEALTH} among {words}" if asked else str(Entity.HEALTH)
        return own if not kinds & 1 << Kind.INIT else f"{own}, {Entity.INIT}"
    missing = [
        str(entity)
        for kind, entity in ((Kind.HEALTH, Entity.HEALTH), (Kind.INIT, Entity.INIT))
        if (meant & ~kinds) >> kind & 1
    ]
    return f"{words} except {' and '.join(missing)}" if missing else words


_WORDS: dict[str, int] = {
    "world": EXTERNAL,
    "{}": MANAGED,
    **{
        str(entity): sum(1 << kind for kind, facts in ENTITIES.items() if entity in facts)
        for entity in (
            *(Entity.HOST, Entity.REMOTE_NODE, Entity.KUBE_APISERVER, Entity.UNMANAGED),
            *(Entity.HEALTH, Entity.INIT),
        )
    },
    "unknown addresses": 1 << Kind.UNKNOWN,
    "endpoints with labels": 1 << Kind.ENDPOINT,
    **{
        f"{entity} without kube-apiserver": 1 << kind
        for kind, entity in (
            (Kind.WORLD, Entity.WORLD),
            (Kind.HOST, Entity.HOST),
            (Kind.REMOTE, Entity.REMOTE_NODE),
            (Kind.UNMANAGED, Entity.UNMANAGED),
        )
    },
    **{
        f"{entity} with kube-apiserver": 1 << kind
        for kind, entity in (
            (Kind.WORLD_API, Entity.WORLD),
            (Kind.HOST_API, Entity.HOST),
            (Kind.REMOTE_API, Entity.REMOTE_NODE),
            (Kind.UNMANAGED_API, Entity.UNMANAGED),
        )
    },
    "kube-apiserver at an unknown address": 1 << Kind.API,
}
"""Words for kinds of parties, the usual first; every kind has one of its own."""


def _entities(kinds: int) -> str:
    """Kinds by what they are, or by what they are not, whichever is shorter."""
    if kinds == EVERYONE:
        return str(Entity.ALL)
    cluster = MANAGED | sum(
        1 << kind for kind, facts in ENTITIES.items() if facts & {Entity.HOST, Entity.REMOTE_NODE}
    )
    if kinds == cluster:
        return str(Entity.CLUSTER)
    those = _covering(kinds)
    others = f"all except {' and '.join(_covering(EVERYONE & ~kinds))}"
    return min(", ".join(those), others, key=len)


def _covering(kinds: int) -> list[str]:
    """Words that together cover kinds, and nothing else."""
    found: list[str] = []
    left = kinds
    for words, covered in _WORDS.items():
        if covered & left and not covered & ~kinds:
            found.append(words)
            left &= ~covered
    return found


def _facts(space: Space, side: Side, box: Box) -> Iterable[str]:
    """Container ports, services and names, where they are asked for."""
    for (where, fact), at in space.switches.items():
        mask = box.get(at, 3)
        if where is not side or mask == 3:
            continue
        has = mask == 2
        match fact:
            case ServiceTerm(name):
                yield f" {'behind' if has else 'not behind'} {name}"
            case (str(name), int(protocol), int(port)):
                word = "with" if has else "without"
                yield f" {word} port {name} = {service_words(protocol, port)}"
            case _:
                yield f' {"resolved" if has else "not resolved"} from "{fact}"'


# --- labels ------------------------------------------------------------------------------------


def _key(space: Space, key: str, mask: int) -> LabelExpr:
    """The atoms of one key; with those in which it is absent, as what it is not."""
    if not mask & 1:
        return _present(space, key, mask)
    return Not(_present(space, key, space.labels[key].full & ~mask))


def _present(space: Space, key: str, mask: int) -> LabelExpr:
    """Atoms in which a key is there, source by source; where all sources are alike, as one."""
    labels = space.labels[key]
    width = labels.width
    whole = (1 << width) - 1
    parts = [(mask >> 1 + n * width & whole, s) for n, s in enumerate(labels.sources)]
    if len({part for part, _ in parts}) == 1 and OTHER_SOURCES in labels.sources:
        return _values(LabelKey("any", key), parts[0][0], labels.values)
    found: list[LabelExpr] = []
    for part, source in parts:
        if part and source != OTHER_SOURCES:
            found.append(_values(LabelKey(source, key), part, labels.values))
        elif part:
            others = [Not(Has(LabelKey(s, key))) for s in labels.sources if s != source]
            found.append(AllOf((_values(LabelKey("any", key), part, labels.values), *others)))
    return found[0] if len(found) == 1 else AnyOf(tuple(found))


def _values(key: LabelKey, mask: int, values: Sequence[str]) -> LabelExpr:
    """Some values of a key that is there; the last atom are all that nobody names."""
    if mask >> len(values) & 1:
        missing = tuple(v for n, v in enumerate(values) if not mask >> n & 1)
        return AllOf((Has(key), Not(In(key, missing)))) if missing else Has(key)
    return In(key, tuple(v for n, v in enumerate(values) if mask >> n & 1))


# --- addresses and services --------------------------------------------------------------------


def _addresses(space: Space, mask: int, external: bool) -> str:
    """External addresses, or any."""
    if not external:
        return f"scope any [{', '.join(_parts(space, mask))}]"
    if mask in (space.four, space.six):
        return str(Entity.WORLD_IPV4 if mask == space.four else Entity.WORLD_IPV6)
    return _networks(space, mask)


def _networks(space: Space, mask: int) -> str:
    parts = _parts(space, mask)
    return parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"


def _parts(space: Space, mask: int) -> list[str]:
    """Prefixes family by family, or one prefix with what it lacks, whichever is shorter."""
    found: list[str] = []
    for full in (space.four, space.six):
        own = mask & full
        if not own:
            continue
        those = _prefixes(space, own)
        around, holes = _around(those)
        if len(holes) + 1 < len(those):
            gaps = ", ".join(map(str, holes))
            found.append(f"{around} except {f'[{gaps}]' if len(holes) > 1 else gaps}")
        else:
            found += [_network(network) for network in those]
    return found


def _network(network: Network) -> str:
    alone = network.prefixlen == network.max_prefixlen
    return str(network.network_address if alone else network)


def _prefixes(space: Space, mask: int) -> list[Network]:
    """The addresses of atoms of one family, as few prefixes as can be."""
    spans: list[tuple[int, int]] = []
    for low, high in map(space.bounds, atoms(mask)):
        if spans and spans[-1][1] + 1 == low:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    four = bool(mask & space.four)
    return [network for span in spans for network in _between(*span, four)]


def _between(low: int, high: int, four: bool) -> list[Network]:
    if four:
        return list(summarize_address_range(IPv4Address(low), IPv4Address(high)))
    return list(summarize_address_range(IPv6Address(low), IPv6Address(high)))


def _around(networks: Sequence[Network]) -> tuple[Network, list[Network]]:
    """The smallest prefix around some that are sorted, and what it lacks."""
    first, last = networks[0], networks[-1]
    around = first
    while last[-1] not in around:
        around = around.supernet()
    four = around.version == 4
    lacks: list[Network] = []
    at = int(around[0])
    for network in networks:
        if at < int(network[0]):
            lacks += _between(at, int(network[0]) - 1, four)
        at = int(network[-1]) + 1
    if at <= int(around[-1]):
        lacks += _between(at, int(around[-1]), four)
    return around, lacks


def _services(space: Space, mask: int | None) -> str:
    """Services, or what they are not where other protocols are among them."""
    if mask is None or mask == space.full[SERVICE]:
        return ""
    others = mask >> len(space.services) & 1
    chosen = space.full[SERVICE] & ~mask if others else mask
    ranges: list[PortRange] = []
    for atom in atoms(chosen):
        one = space.services[atom]
        if ranges and (ranges[-1].protocol, ranges[-1].high + 1) == (one.protocol, one.low):
            ranges[-1] = PortRange(one.protocol, ranges[-1].low, one.high)
        else:
            ranges.append(one)
    words = ports_words(ranges)
    return f" every protocol except {words}" if others else f" {words}"
