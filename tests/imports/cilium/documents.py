"""Policies of Cilium drawn at random, and what they mean read straight from the documents.

The second reading is written from Cilium's documentation alone, with labels as its agent has them; it
knows nothing of the language.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import Struct, field

from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import Entity

__all__ = ["PATHS", "Object", "Someone", "allows", "everyone", "is_about", "objects", "rules"]

Document = dict[str, Any]
Object = tuple[str, str, Document]
"""A rule with its kind (`rule` in JSON) and its namespace."""

PATHS = ("/a", "/b", "/c")
_TEAMS = {"default": "a", "shop": "b", "lab": "b"}
_KEYS = ("app", "k8s:app", "any:tier", "tier", "mesos:app")
_VALUES = ("web", "db")
_SPACES = (
    f"k8s:{NAMESPACE_KEY}",
    NAMESPACE_KEY,
    f"k8s:{NAMESPACE_LABELS}team",
)
_ENTITIES = (
    "all",
    "world",
    "cluster",
    "host",
    "remote-node",
    "init",
    "health",
    "unmanaged",
    "none",
)
_CIDRS = ("10.1.0.0/16", "10.1.2.0/24", "2001:db8::/64", "192.0.2.1")
_NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}


class Someone(Struct, frozen=True):
    """A party: its labels as `source:key` and value, or the entity that it is, or its address."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    entity: str = ""
    address: str = ""

    def party(self) -> Party:
        """As `decide` takes it."""
        split = [(*key.split(":", 1), value) for key, value in self.labels.items()]
        labels = frozenset(Label(source, key, value) for source, key, value in split)
        managed = bool(labels) or self.entity in ("init", "health")
        facts = frozenset({Entity(self.entity)} if self.entity else set())
        address = ip_address(self.address) if self.address else None
        return Party(self.name, managed, labels, facts, address)


def everyone() -> tuple[Someone, ...]:
    """Pods of three namespaces, entities, and external addresses at the edges of the prefixes."""
    pods: list[Someone] = []
    for namespace, team in _TEAMS.items():
        around = {f"k8s:{NAMESPACE_KEY}": namespace, f"k8s:{NAMESPACE_LABELS}team": team}
        for number, own in enumerate(
            ({}, {"k8s:app": "web"}, {"k8s:app": "db", "k8s:tier": "web"}, {"k8s:tier": "db"})
        ):
            pods.append(Someone(f"{namespace}/{number}", {**around, **own}))
    pods.append(Someone("mesos", {"mesos:app": "web", "mesos:tier": "db"}))
    plain = ("host", "remote-node", "init", "health", "unmanaged")
    others = [Someone(entity, entity=entity) for entity in plain]
    addresses = ("10.0.255.255", "10.1.0.0", "10.1.2.255", "10.1.3.0", "2001:db8::1", "192.0.2.1")
    world = [Someone(address, entity="world", address=address) for address in addresses]
    return (*pods, *others, *world, Someone("unknown"))


# --- drawn -------------------------------------------------------------------------------------


@st.composite
def _selector(draw: st.DrawFn, spaces: bool) -> Document:
    if spaces and draw(st.integers(0, 5)) == 0:
        entity = draw(st.sampled_from(["host", "world", "init", "health", "remote-node"]))
        return {"matchLabels": {f"reserved:{entity}": ""}}
    keys = st.sampled_from(_KEYS)
    selector: Document = {}
    if draw(st.booleans()):
        labels = st.dictionaries(keys, st.sampled_from(_VALUES), max_size=2)
        selector["matchLabels"] = draw(labels)
    if spaces and draw(st.integers(0, 2)) == 0:
        key, value = draw(st.sampled_from(_SPACES)), draw(st.sampled_from(["shop", "lab", "b"]))
        selector.setdefault("matchLabels", {})[key] = value
    if draw(st.integers(0, 2)) == 0:
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        if spaces and draw(st.integers(0, 3)) == 0:
            keys = st.sampled_from(_SPACES)
        expression: Document = {"key": draw(keys), "operator": operator}
        if operator in ("In", "NotIn"):
            values = st.lists(st.sampled_from(_VALUES), min_size=1, max_size=2, unique=True)
            expression["values"] = draw(values)
        selector["matchExpressions"] = [expression]
    return selector


T = TypeVar("T")


@st.composite
def _some(draw: st.DrawFn, items: st.SearchStrategy[T], empty: bool = True) -> list[T]:
    """One or two, rarely none."""
    number = draw(st.sampled_from([1, 1, 1, 2, 2, 2, 0] if empty else [1, 1, 2]))
    return [draw(items) for _ in range(number)]


@st.composite
def _port(draw: st.DrawFn, asked: bool) -> Document:
    port: Document = {"port": draw(st.sampled_from(["80", "81"] if asked else ["0", "80", "81"]))}
    if asked or draw(st.booleans()):
        port["protocol"] = "TCP" if asked else draw(st.sampled_from(["TCP", "UDP", "ANY"]))
    if port["port"] != "0" and draw(st.booleans()):
        port["endPort"] = draw(st.sampled_from([81, 90]))
    return port


@st.composite
def _ports(draw: st.DrawFn, deny: bool) -> Document:
    asked = not deny and draw(st.booleans())
    rule: Document = {"ports": draw(_some(_port(asked), empty=not deny))}
    if asked:
        path = st.sampled_from([{}, {"path": "/a"}, {"path": "/[ab]"}, {"method": "PUT"}])
        rule["rules"] = {"http": draw(_some(path))}
    return rule


@st.composite
def _rule(draw: st.DrawFn, side: str, deny: bool) -> Document:
    rule: Document = {}
    match draw(st.sampled_from(["", "Endpoints", "Endpoints", "Entities", "CIDR", "CIDRSet"])):
        case "Endpoints":
            rule[f"{side}Endpoints"] = draw(_some(_selector(True)))
        case "Entities":
            rule[f"{side}Entities"] = draw(_some(st.sampled_from(_ENTITIES)))
        case "CIDR":
            rule[f"{side}CIDR"] = draw(_some(st.sampled_from(_CIDRS)))
        case "CIDRSet":
            one = {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}
            rule[f"{side}CIDRSet"] = draw(st.sampled_from([[], [one], [{"cidr": "10.1.2.0/24"}]]))
    match draw(st.sampled_from(["", "", "ports", "ports", "icmp"])):
        case "ports":
            rule["toPorts"] = draw(_some(_ports(deny), empty=not deny))
        case "icmp":
            field = {"type": draw(st.sampled_from([0, 8, "EchoRequest"]))}
            rule["icmps"] = [{"fields": [field]}]
    if not deny and draw(st.integers(0, 3)) == 0:
        needs = _selector(True).filter(lambda s: not _reserved(s))
        rule[f"{side}Requires"] = draw(_some(needs, empty=False))
    return rule


@st.composite
def rules(draw: st.DrawFn) -> Document:
    """One rule, as `spec` or as a rule of JSON."""
    rule: Document = {"endpointSelector": draw(_selector(False))}
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if draw(st.integers(0, 2)):
            rule[direction] = draw(_some(_rule(side, False)))
        if draw(st.integers(0, 3)) == 0:
            rule[f"{direction}Deny"] = draw(_some(_rule(side, True)))
    if draw(st.integers(0, 3)) == 0:
        both = st.dictionaries(st.sampled_from(["ingress", "egress"]), st.booleans(), max_size=2)
        rule["enableDefaultDeny"] = draw(both)
    return rule


@st.composite
def objects(draw: st.DrawFn) -> list[Document]:
    """Some objects of Kubernetes, of both kinds."""
    found: list[Document] = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"]))
        metadata = {"name": f"policy-{number}"}
        if kind == "CiliumNetworkPolicy":
            metadata["namespace"] = draw(st.sampled_from(sorted(_TEAMS)))
        body = {"spec": draw(rules())} if draw(st.booleans()) else {"specs": [draw(rules())]}
        found.append({"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, **body})
    return found


# --- what the documents say --------------------------------------------------------------------


def _reserved(selector: Document) -> str:
    """The entity that a selector means, if it is one."""
    for key in selector.get("matchLabels", {}):
        if key.startswith("reserved:"):
            return str(key.partition(":")[2])
    return ""


def _keys_of(selector: Document) -> set[str]:
    keys = {*selector.get("matchLabels", {})}
    return keys | {e["key"] for e in selector.get("matchExpressions", [])}


def _has(labels: Mapping[str, str], key: str) -> set[str]:
    """The values of a key; without a source, of every source."""
    source, colon, name = key.partition(":")
    if not colon or source == "any":
        wanted = name if colon else key
        return {v for k, v in labels.items() if k.partition(":")[2] == wanted}
    return {v for k, v in labels.items() if k == key}


def _selected(selector: Document, labels: Mapping[str, str]) -> bool:
    if any(v not in _has(labels, k) for k, v in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        found, values = _has(labels, expression["key"]), set(expression.get("values", []))
        holds = {
            "In": bool(found & values),
            "NotIn": not found & values,
            "Exists": bool(found),
            "DoesNotExist": not found,
        }
        if not holds[expression["operator"]]:
            return False
    return True


def _is_endpoint(one: Someone) -> bool:
    return bool(one.labels) or one.entity in ("init", "health")


def _is(one: Someone, entity: str) -> bool:
    if entity == "cluster":
        return bool(one.labels) or one.entity in ("host", "remote-node", "init", "health")
    return entity == "all" or bool(one.entity) and one.entity == entity


def is_about(item: Object, subject: Someone) -> bool:
    """Whether a rule selects an endpoint."""
    _, namespace, rule = item
    if namespace and namespace not in _has(subject.labels, f"k8s:{NAMESPACE_KEY}"):
        return False
    return _is_endpoint(subject) and _selected(rule["endpointSelector"], subject.labels)


def _endpoint(item: Object, selector: Document, one: Someone, deny: bool = False) -> bool:
    """A label peer, with the namespace that the agent adds to its selector.

    What is no endpoint has reserved labels, which a rule that denies may take too.
    """
    kind, namespace, _ = item
    keys = _keys_of(selector)
    within = _has(one.labels, f"k8s:{NAMESPACE_KEY}")
    if kind != "rule" and not keys & {*_SPACES[:2], f"any:{NAMESPACE_KEY}"}:
        if not namespace and not within:
            return False
        if namespace and _SPACES[2] not in keys and namespace not in within:
            return False
    labels = one.labels or ({f"reserved:{one.entity}": ""} if one.entity else {})
    wanted = _is_endpoint(one) or (deny and bool(one.entity) and bool(keys))
    return wanted and _selected(selector, labels)


def _in_cidr(one: Someone, cidr: str, excepts: Sequence[str] = ()) -> bool:
    if one.entity != "world":
        return False
    inside = ip_address(one.address) in ip_network(cidr)
    return inside and not any(ip_address(one.address) in ip_network(e) for e in excepts)


def _peer(
    item: Object,
    rule: Document,
    side: str,
    one: Someone,
    needs: list[tuple[Object, Document]],
    deny: bool,
) -> bool:
    """Whether a rule is about a peer; `needs` are what label peers must be besides."""
    lists = {
        n: rule[f"{side}{n}"]
        for n in ("Endpoints", "Entities", "CIDR", "CIDRSet")
        if f"{side}{n}" in rule
    }
    if not lists:
        return "toPorts" in rule or "icmps" in rule
    for selector in lists.get("Endpoints", []):
        entity = _reserved(selector)
        if entity and _is(one, entity):
            return True
        required = all(_endpoint(where, need, one) for where, need in needs)
        if not entity and required and _endpoint(item, selector, one, deny):
            return True
    return (
        any(_is(one, entity) for entity in lists.get("Entities", []))
        or any(_in_cidr(one, cidr) for cidr in lists.get("CIDR", []))
        or any(_in_cidr(one, c["cidr"], c.get("except", [])) for c in lists.get("CIDRSet", []))
    )


def _takes(wanted: Document, protocol: int, port: int) -> bool:
    name = wanted.get("protocol", "ANY")
    if protocol not in (_NUMBERS.values() if name == "ANY" else (_NUMBERS[name],)):
        return False
    low = int(wanted["port"])
    return low == 0 or low <= port <= max(low, wanted.get("endPort", 0))


def _traffic(rule: Document, protocol: int, port: int, path: str | None) -> bool:
    """Whether a rule is about a port and a GET of a path (None: bytes that are no HTTP)."""
    if "icmps" in rule:
        types = (f["type"] for i in rule["icmps"] for f in i["fields"])
        return protocol == 1 and port >> 8 in {8 if t == "EchoRequest" else t for t in types}
    if "toPorts" not in rule:
        return True
    for one in rule["toPorts"]:
        if not any(_takes(wanted, protocol, port) for wanted in one["ports"]):
            continue
        if "rules" not in one or any(_http(m, path) for m in one["rules"]["http"]):
            return True
    return False


def _http(matcher: Document, path: str | None) -> bool:
    if path is None or "method" in matcher:
        return False
    wanted = {"/[ab]": ("/a", "/b"), "/a": ("/a",)}.get(matcher.get("path", ""), PATHS)
    return path in wanted


def allows(
    items: Sequence[Object],
    direction: str,
    subject: Someone,
    peer: Someone,
    protocol: int,
    port: int,
    path: str | None,
) -> bool:
    """Whether the rules let `subject` have this traffic with `peer`."""
    if peer.name == subject.name or (direction == "ingress" and peer.entity == "host"):
        return True
    side = "from" if direction == "ingress" else "to"
    about = [item for item in items if is_about(item, subject)]
    needs = [
        (i, s) for i in about for r in i[2].get(direction, []) for s in r.get(f"{side}Requires", [])
    ]

    def matching(section: str, needed: list[tuple[Object, Document]]) -> Iterator[bool]:
        for item in about:
            for rule in item[2].get(section, []):
                deny = section.endswith("Deny")
                found = _peer(item, rule, side, peer, needed, deny)
                yield found and _traffic(rule, protocol, port, path)

    if any(matching(f"{direction}Deny", [])):
        return False
    if any(matching(direction, needs)):
        return True
    return not any(
        i[2]
        .get("enableDefaultDeny", {})
        .get(direction, bool(i[2].get(direction) or i[2].get(f"{direction}Deny")))
        for i in about
    )
