"""Faults in how rules hang together, each about endpoints of its own: nothing else that is planted meets them."""

from collections.abc import Callable
from itertools import pairwise

from tests.lint.planting.bed import Line, Plant, kept
from tests.lint.planting.ground import Ground, plant, some_port, wider

__all__ = ["MAKERS"]


def _dead(ground: Ground) -> Plant:
    half, draw = ground.half(), ground.draw
    contradiction = draw.choice(
        (
            ' and { "k8s:app" = "another" }',
            f' and {{ "k8s:app" not in ("planted-{ground.number}a") }}',
            " and { canary } and not { canary }",
        )
    )
    fault = Line(
        ground.rule(f"{half}allow", "tcp/443"),
        ground.rule(f"{half}allow", "tcp/443", contradiction),
    )
    return plant("dead-rule", (ground.default(), fault), fault)


def _dead_family(ground: Ground) -> Plant:
    icmp, network = ground.draw.choice(
        (("icmp/echo-request", "2001:db8::/48"), ("icmpv6/echo-request", "10.0.0.0/8"))
    )
    good = "198.51.100.0/24" if icmp.startswith("icmp/") else "2001:db8::/48"
    fault = Line(
        f"egress allow {ground.near} -> {good} {icmp}",
        f"egress allow {ground.near} -> {network} {icmp}",
    )
    return plant("dead-rule", (ground.default(), fault), fault)


def _shadowed(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    fault = kept(ground.rule(f"{half}allow", f"tcp/{port}"))
    cause = Line(None, ground.rule(f"{half}deny", wider(ground.draw, port)))
    both = (cause, fault) if ground.draw.random() < 0.5 else (fault, cause)  # denies go first
    return plant("shadowed-rule", (ground.default(), *both), fault, (cause,))


def _shadowed_by_tier(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    action, other = ground.draw.choice((("allow", "deny"), ("deny", "allow")))
    fault = kept(ground.rule(f"ingress {action}", f"tcp/{port}"))
    cause = Line(None, ground.tier(f"ingress {other}", wider(ground.draw, port)))
    return plant("shadowed-rule", (ground.default(), fault, cause), fault, (cause,))


def _union(ground: Ground, action: str, faulty: str) -> tuple[Line, list[Line]]:
    """A rule, and rules that together match all that it does: its ports, labels or peers in parts."""
    draw, half, low = ground.draw, ground.half(), some_port(ground.draw)
    parts = draw.choice(("ports", "labels", "addresses", "values"))
    count = draw.randrange(2, 5)
    if parts == "ports":
        cuts = [low, *sorted(draw.sample(range(low + 1, low + 500), count - 1)), low + 500]
        ranges = [f"tcp/{one}-{other - 1}" for one, other in pairwise(cuts)]
        rules = [ground.rule(f"{half}{faulty}", each) for each in ranges]
        fault = ground.rule(f"{half}{action}", f"tcp/{low}-{low + 499}")
    elif parts == "labels":
        rules = [
            ground.rule(f"{half}{faulty}", f"tcp/{low}", f" and {each}")
            for each in ("{ canary }", "not { canary }")
        ]
        fault = ground.rule(f"{half}{action}", f"tcp/{low}")
    elif parts == "values":
        values = [f'"v{n}"' for n in range(count)]
        rules = [
            ground.rule(f"{half}{faulty}", f"tcp/{low}", f" and {{ stage = {value} }}")
            for value in values
        ]
        among = f" and {{ stage in ({', '.join(values)}) }}"
        fault = ground.rule(f"{half}{action}", f"tcp/{low}", among)
    else:
        net = f"10.{draw.randrange(256)}"
        halves = (f"{net}.0.0/17", f"{net}.128.0/18", f"{net}.192.0/18")
        rules = [f"ingress {faulty} {each} -> {ground.far} tcp/{low}" for each in halves]
        fault = f"ingress {action} {net}.0.0/16 -> {ground.far} tcp/{low}"
    draw.shuffle(rules)
    return kept(fault), [kept(rules[0]), *(Line(None, rule) for rule in rules[1:])]


def _shadowed_by_union(ground: Ground) -> Plant:
    fault, causes = _union(ground, "allow", "deny")
    lines = [fault, *causes]
    ground.draw.shuffle(lines)
    return plant("shadowed-rule", (ground.default(), *lines), fault, tuple(causes))


def _duplicate_of_union(ground: Ground) -> Plant:
    action = ground.draw.choice(("allow", "deny"))
    fault, causes = _union(ground, action, action)
    return plant("masked-duplicate", (ground.default(), *causes, fault), fault, tuple(causes))


def _duplicate(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    action = ground.draw.choice(("allow", "deny"))
    ports = ground.draw.choice((f"tcp/{port}", wider(ground.draw, port)))
    fault = Line(None, ground.rule(f"{half}{action}", f"tcp/{port}"))
    cause = kept(ground.rule(f"{half}{action}", ports))
    return plant("masked-duplicate", (ground.default(), cause, fault), fault, (cause,))


def _redundant(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    fault = kept(ground.rule(f"{half}allow", f"tcp/{port}"))
    cause = Line(None, ground.rule(f"{half}allow", wider(ground.draw, port)))
    return plant("redundant-rule", (ground.default(), fault, cause), fault, (cause,))


def _partial(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    fault = kept(ground.rule("egress allow", f"tcp/{port - 9}-{port + 9}"))
    cause = Line(None, ground.tier("egress deny", f"tcp/{port}"))
    return plant("partial-shadow", (ground.default(), fault, cause), fault, (cause,))


def _generalisation(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    fault = kept(ground.rule(f"{half}allow", f"tcp/{port - 9}-{port + 9}"))
    more = ground.draw.choice(("", " and { canary }"))
    cause = Line(None, ground.rule(f"{half}deny", f"tcp/{port}", more))
    return plant("generalisation", (ground.default(), fault, cause), fault, (cause,))


def _correlation(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    fault = kept(ground.rule(f"{half}allow", f"tcp/{port - 9}-{port + 9}"))
    cause = Line(None, ground.rule(f"{half}deny", f"tcp/{port}-{port + 90}"))
    return plant("correlation", (ground.default(), fault, cause), fault, (cause,))


def _ambiguous(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    one, other = ground.draw.choice((("allow", "deny"), ("deny", "allow"), ("pass", "deny")))
    cause = kept(ground.tier(one, f"tcp/{port}", priority=20))
    ports = wider(ground.draw, port)
    fault = Line(ground.tier(other, ports, priority=30), ground.tier(other, ports, priority=20))
    return plant("ambiguous-priority", (ground.default(), cause, fault), fault, (cause,))


def _bypass(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    cause = kept(ground.rule(f"{half}allow", f'tcp/{port} http {{ GET "/items" }}'))
    ports = wider(ground.draw, port)
    fault = Line(ground.rule(f"{half}allow", f"tcp/{port + 1}"), ground.rule(f"{half}allow", ports))
    lines = (cause, fault) if ground.draw.random() < 0.5 else (fault, cause)
    return plant("l7-bypass", (ground.default(), *lines), fault, (cause,))


def _overlap(ground: Ground) -> Plant:
    half, port = ground.half(), some_port(ground.draw)
    one, other = ground.draw.sample(
        ('http { GET "/items" }', 'kafka { consume topic "t" }', 'grpc { call "shop.Items/*" }'), 2
    )
    cause = kept(ground.rule(f"{half}allow", f"tcp/{port} {one}"))
    fault = Line(
        ground.rule(f"{half}allow", f"tcp/{port + 1} {other}"),
        ground.rule(f"{half}allow", f"tcp/{port} {other}"),
    )
    return plant("l7-overlap", (ground.default(), cause, fault), fault, (cause,))


def _half_open(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    mine, other = ground.draw.choice((("ingress", "egress"), ("egress", "ingress")))
    fault = kept(ground.rule(f"{mine} allow", f"tcp/{port}"))
    answer = kept(ground.rule(f"{other} allow", f"tcp/{port - 5}-{port + 5}"))
    cause = Line(None, ground.rule(f"{other} deny", f"tcp/{port}"))
    return plant("half-open", (ground.default(), fault, answer, cause), fault, (cause,))


def _exposed(ground: Ground) -> Plant:
    bad = ground.draw.choice(("tcp/22", "tcp/5432", "tcp/3389", ""))
    world = ground.draw.choice(("world", "0.0.0.0/0, ::/0", "all"))
    fault = Line(
        f"ingress allow {world} -> {ground.far} tcp/443",
        f"ingress allow {world} -> {ground.far} {bad}",
    )
    return plant("world-exposed", (ground.default(), fault), fault)


def _dns(ground: Ground) -> Plant:
    fault = kept(f"egress allow {ground.near} -> fqdn{ground.name} tcp/443")
    names = kept(f'fqdn fqdn{ground.name} = ["api{ground.number}.example.com"]')
    asks = Line(ground.rule("egress allow", "udp/53"), ground.rule("egress allow", "udp/54"))
    return plant("dns-forgotten", (ground.default(), names, fault, asks), fault)


MAKERS: tuple[Callable[[Ground], Plant], ...] = (
    _dead,
    _dead_family,
    _shadowed,
    _shadowed_by_tier,
    _shadowed_by_union,
    _duplicate_of_union,
    _duplicate,
    _redundant,
    _partial,
    _generalisation,
    _correlation,
    _ambiguous,
    _bypass,
    _overlap,
    _half_open,
    _exposed,
    _dns,
)
"""One maker for each kind."""
