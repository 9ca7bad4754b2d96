"""One end of a flow in solver terms: a handful of variables, what is asked of them, what they say."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address

import z3

from cpc.compiler.policy.decide import PartyAtoms
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import Address, Entity, Fqdn, LabelKey, Network
from cpc.compiler.policy.requests import name_matches
from cpc.compiler.verify.vocabulary import OTHER_SOURCE, Vocabulary, fresh, sample_names

__all__ = ["SOLVER", "PartyVariables", "Solver", "Truth"]

BASIC_ENTITIES = (
    Entity.WORLD,
    Entity.HOST,
    Entity.REMOTE_NODE,
    Entity.KUBE_APISERVER,
    Entity.HEALTH,
    Entity.INIT,
    Entity.UNMANAGED,
)
"""The facts of `Party.entities`; the other entities follow from them."""


class Solver:
    """The algebra of z3's booleans."""

    def const(self, value: bool) -> z3.BoolRef:
        return z3.BoolVal(value)

    def every(self, values: Iterable[z3.BoolRef]) -> z3.BoolRef:
        return z3.And(*values)

    def some(self, values: Iterable[z3.BoolRef]) -> z3.BoolRef:
        return z3.Or(*values)

    def negate(self, value: z3.BoolRef) -> z3.BoolRef:
        return z3.Not(value)


SOLVER = Solver()


class PartyVariables:
    """One party. A label variable is 0 for absent, i + 1 for the key's value i, and one more for any
    other value; `more_labels` says that there are labels with keys that the policy does not mention.
    A name variable says that the address has the pattern's sample name.
    """

    def __init__(self, name: str, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.is_managed = z3.Bool(f"{name}.managed")
        self.entities = {e: z3.Bool(f"{name}.{e.value}") for e in BASIC_ENTITIES}
        self.labels: dict[tuple[str, str], z3.BitVecRef] = {}
        for key, (sources, values) in vocabulary.keys.items():
            width = (len(values) + 1).bit_length()
            for source in sources:
                self.labels[source, key] = z3.BitVec(f"{name}.{source}:{key}", width)
        self.more_labels = z3.Bool(f"{name}.more")
        self.has_address = z3.Bool(f"{name}.address")
        self.is4 = z3.Bool(f"{name}.is4")
        self.address4 = z3.BitVec(f"{name}.address4", 32)
        self.address6 = z3.BitVec(f"{name}.address6", 128)
        self.names = {p: z3.Bool(f"{name}.name {p}") for p in vocabulary.patterns}
        self._samples = sample_names(vocabulary.patterns)
        self.services = {s: z3.Bool(f"{name}.service {s}") for s in vocabulary.services}
        self.ports = {p: z3.Bool(f"{name}.port {p}") for p in vocabulary.ports}

    # --- atoms ---------------------------------------------------------------------------------

    def managed(self) -> z3.BoolRef:
        return self.is_managed

    def entity(self, entity: Entity) -> z3.BoolRef:
        return self.entities[entity]

    def has_key(self, key: LabelKey) -> z3.BoolRef:
        return z3.Or(*(self.labels[s, key.key] != 0 for s in self.vocabulary.sources(key)))

    def has_label(self, key: LabelKey, value: str) -> z3.BoolRef:
        number = self.vocabulary.values(key.key).index(value) + 1
        return z3.Or(*(self.labels[s, key.key] == number for s in self.vocabulary.sources(key)))

    def in_network(self, network: Network) -> z3.BoolRef:
        four = isinstance(network, IPv4Network)
        address = self.address4 if four else self.address6
        family = self.is4 if four else z3.Not(self.is4)
        host_bits = network.max_prefixlen - network.prefixlen
        if network.prefixlen == 0:
            return z3.And(self.has_address, family)
        prefix = z3.Extract(network.max_prefixlen - 1, host_bits, address)
        wanted = int(network.network_address) >> host_bits
        return z3.And(self.has_address, family, prefix == wanted)

    def resolves(self, fqdn: Fqdn) -> z3.BoolRef:
        return z3.Or(
            *(
                self.names[known]
                for known, name in self._samples.items()
                if any(name_matches(p, name) for p in fqdn.patterns)
            )
        )

    def backs(self, service: str) -> z3.BoolRef:
        return self.services[service]

    def has_port(self, name: str, protocol: int, port: int) -> z3.BoolRef:
        return self.ports[name, protocol, port]

    def facts(self) -> list[z3.ExprRef]:
        """Every variable but the addresses, in one order for parties of one vocabulary."""
        return [
            self.is_managed,
            self.more_labels,
            *self.entities.values(),
            *self.labels.values(),
            *self.names.values(),
            *self.services.values(),
            *self.ports.values(),
        ]

    # --- the world -----------------------------------------------------------------------------

    def consistent(self) -> z3.BoolRef:
        """Holds of every party that can be.

        An endpoint of ours is at most `health` or `init`, and is `init` exactly if it has no label
        (health endpoints aside). What is ours, a node or unmanaged is not external. Only endpoints of
        ours have labels, ports and services; only external addresses have resolved names.
        """
        is_ = self.entities
        nodes = (is_[Entity.HOST], is_[Entity.REMOTE_NODE], is_[Entity.UNMANAGED])
        labelled = z3.Or(self.more_labels, *(v != 0 for v in self.labels.values()))
        ours = z3.Or(is_[Entity.HEALTH], is_[Entity.INIT], labelled)
        bare = z3.And(self.is_managed, z3.Not(is_[Entity.HEALTH]), z3.Not(labelled))
        served = z3.Or(*self.services.values(), *self.ports.values())
        bounds = [
            z3.ULE(v, len(self.vocabulary.values(key)) + 1) for (_, key), v in self.labels.items()
        ]
        return z3.And(
            self.has_address,
            z3.AtMost(self.is_managed, *nodes, is_[Entity.WORLD], 1),
            z3.Implies(z3.Or(ours, served), self.is_managed),
            z3.Implies(is_[Entity.KUBE_APISERVER], z3.Not(self.is_managed)),
            z3.Implies(is_[Entity.HEALTH], z3.Not(is_[Entity.INIT])),
            is_[Entity.INIT] == bare,
            z3.Implies(z3.Or(*self.names.values()), is_[Entity.WORLD]),
            *bounds,
        )

    def equals(self, party: Party) -> z3.BoolRef:
        """Pins every variable to what a party is."""
        atoms = PartyAtoms(party)
        numbers, more = self._label_numbers(party)
        pins = [self.is_managed == party.managed, self.more_labels == more]
        pins += [v == (e in party.entities) for e, v in self.entities.items()]
        pins += [v == numbers.get(where, 0) for where, v in self.labels.items()]
        pins += [v == atoms.resolves(Fqdn((p,))) for p, v in self.names.items()]
        pins += [v == atoms.backs(s) for s, v in self.services.items()]
        pins += [v == atoms.has_port(*p) for p, v in self.ports.items()]
        pins.append(self.has_address == (party.address is not None))
        if party.address is not None:
            four = party.address.version == 4
            variable = self.address4 if four else self.address6
            pins += [self.is4 == four, variable == int(party.address)]
        return z3.And(*pins)

    def _label_numbers(self, party: Party) -> tuple[dict[tuple[str, str], int], bool]:
        """The label variables' values, and whether the party has labels that none of them holds."""
        numbers: dict[tuple[str, str], int] = {}
        more = False
        for label in party.labels:
            where = (label.source, label.key)
            if where not in self.labels:
                where = (OTHER_SOURCE, label.key)
            if where not in self.labels:
                more = True
                continue
            values = self.vocabulary.values(label.key)
            known = label.value in values
            numbers[where] = (values.index(label.value) if known else len(values)) + 1
        return numbers, more

    def party(self, model: z3.ModelRef, name: str) -> Party:
        """The party that a model describes."""
        true = Truth(model)
        labels = [
            self._label(source, key, true.number(variable))
            for (source, key), variable in self.labels.items()
            if true.number(variable)
        ]
        if true(self.more_labels):
            key = fresh("other", self.vocabulary.keys)
            labels.append(Label("k8s", key, "x"))
        address: Address | None = None
        if true(self.has_address) and true(self.is4):
            address = IPv4Address(true.number(self.address4))
        elif true(self.has_address):
            address = IPv6Address(true.number(self.address6))
        return Party(
            name,
            managed=true(self.is_managed),
            labels=frozenset(labels),
            entities=frozenset(e for e, v in self.entities.items() if true(v)),
            address=address,
            ports=frozenset(p for p, v in self.ports.items() if true(v)),
            services=frozenset(s for s, v in self.services.items() if true(v)),
            names=frozenset(self._samples[p] for p, v in self.names.items() if true(v)),
        )

    def _label(self, source: str, key: str, number: int) -> Label:
        values = self.vocabulary.values(key)
        value = values[number - 1] if number <= len(values) else fresh("other", values)
        return Label(source, key, value)


class Truth:
    """What a model says of a variable; of what it does not need, the plainest."""

    def __init__(self, model: z3.ModelRef) -> None:
        self._model = model

    def __call__(self, variable: z3.BoolRef) -> bool:
        return bool(z3.is_true(self._model.eval(variable, model_completion=True)))

    def number(self, variable: z3.BitVecRef) -> int:
        return int(self._model.eval(variable, model_completion=True).as_long())
