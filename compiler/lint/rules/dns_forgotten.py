"""`dns-forgotten`: whoever may reach names must be able to ask for them."""

from collections.abc import Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.lint.told import statement_words
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Direction,
    Fqdn,
    Mode,
    Policy,
    Protocol,
    Selector,
    Tier,
)
from cpc.compiler.policy.model import Rule as Half
from cpc.compiler.policy.semantics import without_staged

__all__ = ["RULE"]

_DNS = 53


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of an egress allow to DNS names if some endpoint of it is isolated in egress and no allow
    lets it ask anybody else on port 53.
    """
    policy = without_staged(material.policy)
    halves = [r for r in policy.rules if _opens(r) and any(isinstance(t, Fqdn) for t in r.peers)]
    if not halves or policy.mode is Mode.NEVER:
        return
    from cpc.compiler.verify.coverage import covering

    asking = _union(r.subject for r in policy.rules if _opens(r) and _asks(r))
    may_ask = covering(asking)
    isolated = _isolated(policy)
    known: dict[Selector, str | None] = {}
    for half in halves:
        if half.subject not in known:
            free = not isolated or may_ask(half.subject)
            known[half.subject] = None if free else _mute(half.subject, isolated, asking)
        witness = known[half.subject]
        if witness is not None:
            yield warning(
                "CPC208",
                f"{statement_words(half)} allows DNS names that its endpoints may not ask for",
                half.origin.span,
                label="no egress rule of theirs allows udp/53 or tcp/53",
                notes=(f"witness: {witness}",),
                help="allow them to ask a resolver: "
                '`egress allow dns: ... -> { "k8s:k8s-app" = "kube-dns" } udp/53, tcp/53`',
            )


def _mute(subject: Selector, isolated: Selector, asking: Selector) -> str | None:
    """An isolated endpoint that may ask nobody, in words; None where there is none, or none is known."""
    from cpc.compiler.verify.somebody import somebody
    from cpc.compiler.verify.witness import describe_endpoint

    found = somebody((subject, isolated), asking)
    return None if found is None or isinstance(found, str) else describe_endpoint(found)


def _isolated(policy: Policy) -> Selector:
    if policy.mode is Mode.ALWAYS:
        return ALL
    return _union(i.subject for i in policy.isolations if i.direction is Direction.EGRESS)


def _opens(rule: Half) -> bool:
    return (
        rule.direction is Direction.EGRESS
        and rule.action is Action.ALLOW
        and rule.tier is not Tier.BASELINE
    )


def _asks(rule: Half) -> bool:
    """Whether a rule lets someone ask a resolver; one that is known by name only is none."""
    ports = rule.ports is None or any(
        p.protocol in (Protocol.UDP, Protocol.TCP) and p.low <= _DNS <= p.high for p in rule.ports
    )
    return ports and any(not isinstance(term, Fqdn) for term in rule.peers)


def _union(selectors: Iterator[Selector]) -> Selector:
    return tuple(dict.fromkeys(term for selector in selectors for term in selector))


RULE = Rule(
    Page(
        "CPC208",
        "an endpoint may reach names that it may not ask for",
        "An endpoint that is isolated in egress and allowed to talk to DNS names has to resolve them first. "
        "Nothing allows it to ask a resolver on port 53, so it will never reach them. The witness is such "
        "an endpoint.",
        'endpoints web = { app = "web" }\nfqdn bank = ["api.bank.example"]\n'
        "default deny egress for web\nallow pay: web -> bank tcp/443",
        'endpoints web = { app = "web" }\nendpoints resolver = { "k8s:k8s-app" = "kube-dns" }\n'
        'fqdn bank = ["api.bank.example"]\n'
        "default deny egress for web\nallow pay: web -> bank tcp/443\n"
        "egress allow dns: web -> resolver udp/53, tcp/53",
        "dns-forgotten",
    ),
    Severity.WARNING,
    check,
)
