"""`redundant-rule`: a rule without which every flow is decided the same."""

from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what decides the same without it."""
    return warning(
        "CPC224",
        f"without {told.what} every flow is decided the same",
        told.span,
        label="redundant",
        labels=told.labels(lambda other: "decides the same"),
        notes=told.witness,
        help="remove it; all that are reported as redundant can be removed together",
    )


RULE = finding_rule(
    FindingKind.REDUNDANT,
    Severity.WARNING,
    tell,
    "CPC224",
    "a rule is redundant",
    "The rule takes effect on some flows, and what comes after it would decide each of them "
    "in the same way: a deny of what the default denies anyway, or an allow of what a later, "
    "wider rule allows. The reported rules can be removed together.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432\n"
    "egress deny web-out: web -> world tcp/25",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432",
)
