"""The atoms that a policy speaks of: label keys and values, prefixes aside, all that needs a variable."""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct, field

from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Matcher,
    NamedPort,
    Not,
    Policy,
    Selector,
    ServiceTerm,
    Term,
)

__all__ = ["OTHER_SOURCE", "SOURCES", "Vocabulary", "fresh", "policy_vocabulary", "sample_names"]

SOURCES = ("k8s", "container", "mesos")
"""Where labels of endpoints come from, the usual first."""

OTHER_SOURCE = "other"
"""Stands for any further source of a label that `any:key` may find."""


class Vocabulary(Struct):
    """What a set of selectors and rules mentions, in order of mention.

    `keys` maps a label key's text to its sources and values. `any:key` brings every known source, and
    one for all others; so `any` is a finite disjunction.
    """

    keys: dict[str, tuple[dict[str, None], dict[str, None]]] = field(default_factory=dict)
    patterns: dict[str, None] = field(default_factory=dict)
    services: dict[str, None] = field(default_factory=dict)
    ports: dict[tuple[str, int, int], None] = field(default_factory=dict)
    matchers: dict[Matcher, None] = field(default_factory=dict)

    def sources(self, key: LabelKey) -> tuple[str, ...]:
        """The sources that a key ranges over."""
        if key.source != "any":
            return (key.source,)
        return tuple(self.keys[key.key][0])

    def values(self, key: str) -> tuple[str, ...]:
        """The values that a key is compared with."""
        return tuple(self.keys[key][1])

    def add_selector(self, selector: Selector) -> None:
        """Adds what a selector mentions."""
        for term in selector:
            self._term(term)

    def _term(self, term: Term) -> None:
        match term:
            case EndpointTerm(expr):
                self._expr(expr)
            case Fqdn(patterns):
                self.patterns.update(dict.fromkeys(patterns))
            case ServiceTerm(name):
                self.services[name] = None
            case NamedPort(inner, name, protocol, port):
                self.ports[(name, protocol, port)] = None
                self._term(inner)
            case EntityTerm() | Cidr():
                pass
            case _:
                assert_never(term)

    def _expr(self, expr: LabelExpr) -> None:
        match expr:
            case Everything():
                pass
            case Has(key):
                self._key(key, ())
            case In(key, values):
                self._key(key, values)
            case Not(operand):
                self._expr(operand)
            case AllOf(operands) | AnyOf(operands):
                for operand in operands:
                    self._expr(operand)
            case _:
                assert_never(expr)

    def _key(self, key: LabelKey, values: Iterable[str]) -> None:
        sources, known = self.keys.setdefault(key.key, ({}, {}))
        if key.source == "any":
            sources.update(dict.fromkeys((*SOURCES, OTHER_SOURCE)))
        else:
            sources[key.source] = None
        known.update(dict.fromkeys(values))


def fresh(word: str, known: Iterable[str]) -> str:
    """A word that is none of the known ones."""
    taken = set(known)
    while word in taken:
        word += "-"
    return word


def policy_vocabulary(policy: Policy) -> Vocabulary:
    """What a whole policy mentions."""
    found = Vocabulary()
    for rule in policy.rules:
        found.add_selector(rule.subject)
        found.add_selector(rule.peers)
        if rule.l7 is not None:
            found.matchers.update(dict.fromkeys(rule.l7.matchers))
    for isolation in (*policy.isolations, *policy.open_defaults):
        found.add_selector(isolation.subject)
    for requirement in policy.requirements:
        found.add_selector(requirement.subject)
        found.add_selector(requirement.peers)
    for audit in policy.audits:
        found.add_selector(audit.subject)
    return found


def sample_names(patterns: Iterable[str]) -> dict[str, str]:
    """For each pattern a DNS name of it, and of no other that is not wider."""
    known = list(dict.fromkeys(patterns))
    filler = "x"
    while any(filler in p for p in known):
        filler += "x"
    deepest = max((p.count(".") for p in known), default=0)
    found: dict[str, str] = {}
    for pattern in known:
        name = pattern
        if name.startswith("**."):  # deeper than any pattern without it
            name = f"{filler}." * (deepest + 1) + name.removeprefix("**.")
        found[pattern] = name.replace("*", filler)
    return found
