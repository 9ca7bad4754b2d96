"""`correlation`: two rules that overlap and decide otherwise."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and the statement that it overlaps with."""
    return note(
        "CPC227",
        f"{told.what} overlaps one that decides otherwise",
        told.span,
        labels=told.labels(lambda other: "decides what both match"),
        notes=told.witness,
    )


RULE = finding_rule(
    FindingKind.CORRELATION,
    Severity.NOTE,
    tell,
    "CPC227",
    "two rules overlap and decide otherwise",
    "Some flows are matched by both rules, and some by each alone, and they decide "
    "otherwise. What both match goes to the earlier one. The witness is such a flow: it "
    "should be the one that is meant.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "deny low: web -> db tcp/1-1023\n"
    "allow some: web -> db tcp/1000-6000",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow some: web -> db tcp/1000-6000",
)
