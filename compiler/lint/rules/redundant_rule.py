"""`redundant-rule`: a rule without which every flow is decided the same."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.policy.model import Action, Isolation, Rule
from cpc.compiler.verify.findings import Finding, FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what decides the same without it.

    A deny of what a `default deny` denies anyway is a note: it may stand there as a guard.
    """
    labels = told.labels(lambda other: "decides the same")
    if _is_guard(told.finding):
        return note(
            "CPC224",
            f"{told.what} denies what is denied anyway",
            told.span,
            label="a guard, or redundant",
            labels=labels,
            notes=told.witness,
        )
    return warning(
        "CPC224",
        f"without {told.what} every flow is decided the same",
        told.span,
        label="redundant",
        labels=labels,
        notes=told.witness,
        help=f"{told.remedy}; all that are reported as redundant can be removed together",
    )


def _is_guard(finding: Finding) -> bool:
    rule = finding.rule
    isolated = all(isinstance(other, Isolation) for other in finding.others)
    return isinstance(rule, Rule) and rule.action is Action.DENY and isolated


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
    "allow all-tcp: web -> db tcp",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432",
    _is_guard,
)
