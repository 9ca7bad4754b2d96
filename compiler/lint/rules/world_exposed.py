"""`world-exposed`: what hardly anybody means to offer to the whole world."""

from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.policy.model import Protocol, Rule
from cpc.compiler.verify.engine.exposed import SENSITIVE, sensitive_ports
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]

_SHOWN = 3
"""Ports that are named one by one."""


def tell(told: Told) -> Diagnostic:
    """Names the ports that the rule opens; the witness is of one that it does open."""
    return warning(
        "CPC210",
        f"{told.what} opens {_ports(told)} to the whole world",
        told.span,
        label="from any external address",
        notes=told.witness,
        help="name the addresses that need it, or the ports that are meant for everyone",
    )


def _ports(told: Told) -> str:
    rule = told.finding.rule
    assert isinstance(rule, Rule)
    if rule.ports is None:
        return "every port"
    if any(p.protocol == Protocol.TCP and p.low <= 1 and p.high == 65535 for p in rule.ports):
        return "every tcp port"
    ports = sensitive_ports(rule)
    shown = ", ".join(f"{SENSITIVE[n]} (tcp/{n})" for n in ports[:_SHOWN])
    more = len(ports) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


RULE = finding_rule(
    FindingKind.EXPOSED,
    Severity.WARNING,
    tell,
    "CPC210",
    "the whole world may reach what is for few",
    "A rule allows every external address to every port of an endpoint, or to a port on which "
    "administrators or databases listen. Such ports are what scanners of the internet look for. The "
    "witness is a connection that the policy as a whole allows because of this rule.",
    'endpoints web = { app = "web" }\ndefault deny ingress for web\nallow site: world -> web',
    'endpoints web = { app = "web" }\ndefault deny ingress for web\nallow site: world -> web tcp/443',
)
