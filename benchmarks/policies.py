"""Policies of any size, the same ones every time: realistic labels, both families, a quarter of denies."""

import random
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Shape", "policy_text"]

_PORTS = (22, 53, 80, 443, 3306, 5432, 6379, 8080, 9090)
_LENGTHS = (8, 16, 20, 24, 24, 32)


class Shape(Struct, frozen=True):
    """What a policy of `rules` rules is like; shares are of 1.

    Applications are one for each fifty rules, at least twenty, as larger policies are about more of them.
    """

    rules: int
    deny: float = 0.25
    addresses: float = 0.3
    requests: float = 1 / 3
    seed: int = 1


class _Writer:
    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.chosen = random.Random(shape.seed)
        self.apps = max(20, shape.rules // 50)

    def endpoints(self) -> str:
        chosen = self.chosen
        terms = [f'"k8s:app" = "app-{chosen.randrange(self.apps)}"']
        if chosen.random() < 0.5:
            terms.append(f'"k8s:env" = "{chosen.choice(("prod", "stage", "dev"))}"')
        if chosen.random() < 0.2:
            teams = chosen.sample(range(20), 2)
            terms.append('"k8s:team" in ({})'.format(", ".join(f'"team-{t}"' for t in teams)))
        return f"{{ {', '.join(terms)} }}"

    def cidr(self) -> str:
        chosen = self.chosen
        if chosen.random() < 0.25:
            return f"2001:db8:{chosen.randrange(1 << 16):x}::/48"
        length = chosen.choice(_LENGTHS)
        number = chosen.randrange(1 << 32) >> (32 - length) << (32 - length)
        return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"

    def ports(self) -> str:
        chosen = self.chosen
        kind = chosen.random()
        if kind < 0.1:
            return ""
        if kind < 0.8:
            return f" tcp/{chosen.choice((*_PORTS, chosen.randrange(1, 65535)))}"
        if kind < 0.9:
            return f" udp/{chosen.choice((53, 123, 514, chosen.randrange(1, 65535)))}"
        low = chosen.randrange(1, 60000)
        return f" tcp/{low}-{low + chosen.choice((10, 100, 1000))}"

    def requests(self) -> str:
        chosen = self.chosen
        matchers = []
        for _ in range(chosen.randrange(1, 4)):
            thing = chosen.choice(("items", "orders", "users", f"x{chosen.randrange(500)}"))
            rest = chosen.choice(("", "(/.*)?", "/[0-9]+"))
            method = chosen.choice(("GET", "POST", "any"))
            matchers.append(f'{method} "/api/v{chosen.randrange(5)}/{thing}{rest}"')
        return f" tcp/{chosen.choice((80, 443, 8080, 9090))} http {{ {' '.join(matchers)} }}"

    def rule(self, number: int) -> str:
        chosen, shape = self.chosen, self.shape
        action = "deny" if chosen.random() < shape.deny else "allow"
        subject = self.endpoints()
        peer = self.cidr() if chosen.random() < shape.addresses else self.endpoints()
        seen = action == "allow" and chosen.random() < shape.requests / (1 - shape.deny)
        rest = self.requests() if seen else self.ports()
        if chosen.random() < 0.5:
            return f"ingress {action} r{number}: {peer} -> {subject}{rest}"
        return f"egress {action} r{number}: {subject} -> {peer}{rest}"

    def lines(self) -> Iterator[str]:
        yield "language 1"
        yield "default deny ingress, egress for {}"
        yield from (self.rule(number) for number in range(self.shape.rules))


def policy_text(shape: Shape) -> str:
    """A policy of the language."""
    return "\n".join(_Writer(shape).lines()) + "\n"
