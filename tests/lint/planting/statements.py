"""Faults in definitions, defaults, ignores, services and asserts."""

from collections.abc import Callable

from tests.lint.planting.bed import Line, Plant, kept
from tests.lint.planting.ground import Ground, plant, some_port, wider

__all__ = ["MAKERS"]


def _missing_default(ground: Ground) -> Plant:
    fault = kept(ground.rule("allow", "tcp/443"))
    default = Line(ground.default().sound, None)
    return plant("missing-default", (default, fault), fault)


def _overruled_default(ground: Ground) -> Plant:
    cause = ground.default()
    fault = Line(None, f"default allow ingress for {ground.near}")
    return plant("overruled-default", (cause, fault), fault, (cause,))


def _empty_cidr(ground: Ground) -> Plant:
    net = ground.draw.choice(("10.1.0.0/24", "2001:db8::/48"))
    to = f"-> {ground.far} tcp/443"
    fault = Line(f"ingress allow {net} {to}", f"ingress allow {net} except {net} {to}")
    return plant("empty-cidr", (ground.default(), fault), fault)


def _unused_definition(ground: Ground) -> Plant:
    words = ground.draw.choice(
        (
            f"endpoints {ground.name} = {ground.near}",
            f"cidr {ground.name} = [10.9.0.0/16, 2001:db8::/48]",
            f"port {ground.name} = tcp/5432",
            f"const {ground.name} = 5432",
            f'fqdn {ground.name} = ["*.example.com"]',
        )
    )
    fault = Line(None, words)
    return plant("unused-definition", (fault,), fault)


def _unused_include(ground: Ground) -> Plant:
    name = f"{ground.name}.cil"
    fault = Line(None, f'include "{name}"')
    beside = (name, f"language 1\nendpoints {ground.name} = {ground.near}\n")
    return Plant("unused-include", ((fault,),), fault, beside=(beside,))


def _ignore(ground: Ground, rule: str, code: str) -> Plant:
    said = ground.rule("allow", "tcp/443")
    fault = Line(said, f"{said}  # cpc: ignore[{code}] until the move is over")
    return plant(rule, (ground.default(), fault), fault)


def _unused_ignore(ground: Ground) -> Plant:
    return _ignore(
        ground, "unused-ignore", ground.draw.choice(("dead-rule", "CPC222", "l7-bypass"))
    )


def _malformed_ignore(ground: Ground) -> Plant:
    return _ignore(ground, "malformed-ignore", ground.draw.choice(("dead-rool", "CPC999", "")))


def _service(ground: Ground, name: str, vip: str, port: int) -> str:
    inside = f"vip {vip} port tcp/80 -> {port} backends {ground.far}"
    return f"service {ground.name}{name} {{ {inside} }}"


def _vip_clash(ground: Ground) -> Plant:
    vip = f"10.96.{ground.number >> 8}.{ground.number & 255}"
    cause = kept(_service(ground, "a", vip, 8080))
    other = vip.replace("10.96.", "10.97.")
    fault = Line(_service(ground, "b", other, 8080), _service(ground, "b", vip, 8080))
    open_to_all = kept(ground.rule("ingress allow", "tcp/8080"))
    return plant("vip-clash", (ground.default(), open_to_all, cause, fault), fault, (cause,))


def _unreachable_backend(ground: Ground) -> Plant:
    vip = f"10.98.{ground.number >> 8}.{ground.number & 255}"
    answered = kept(ground.rule("ingress allow", "tcp/8080"))
    closed = kept(f"tier admin priority 1 {{ ingress deny all -> {ground.far} tcp/9090 }}")
    fault = Line(_service(ground, "", vip, 8080), _service(ground, "", vip, 9090))
    return plant("unreachable-backend", (ground.default(), answered, closed, fault), fault)


def _vacuous_assert(ground: Ground) -> Plant:
    ask = f"-> {ground.far} tcp/22"
    nobody = f"{ground.near} and {{ canary }} and not {{ canary }}"
    fault = Line(f"assert never {ground.near} {ask}", f"assert never {nobody} {ask}")
    return plant("vacuous-assert", (ground.default(), fault), fault)


def _refuted_never(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    fault = kept(f"assert never {ground.near} -> {ground.far} tcp/{port}")
    cause = Line(None, ground.rule("allow", wider(ground.draw, port)))
    return plant("refuted-assert", (ground.default(), fault, cause), fault, (cause,))


def _refuted_always(ground: Ground) -> Plant:
    port = some_port(ground.draw)
    fault = kept(f"assert always {ground.near} -> {ground.far} tcp/{port}")
    allow = kept(ground.rule("allow", f"tcp/{port - 5}-{port + 5}"))
    cause = Line(None, ground.rule("ingress deny", f"tcp/{port}"))
    return plant("refuted-assert", (ground.default(), fault, allow, cause), fault, (cause,))


MAKERS: tuple[Callable[[Ground], Plant], ...] = (
    _missing_default,
    _overruled_default,
    _empty_cidr,
    _unused_definition,
    _unused_include,
    _unused_ignore,
    _malformed_ignore,
    _vip_clash,
    _unreachable_backend,
    _vacuous_assert,
    _refuted_never,
    _refuted_always,
)
"""One maker for each kind."""
