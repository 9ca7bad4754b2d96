"""`irrelevant-rule`: a rule that is about nobody in the inventory."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and that it is about nobody who is there."""
    return note(
        "CPC221",
        f"{told.what} matches nobody in the inventory",
        told.span,
        label="no flow between those who are there",
    )


RULE = finding_rule(
    FindingKind.IRRELEVANT,
    Severity.NOTE,
    tell,
    "CPC221",
    "a rule is about nobody in the inventory",
    "Under the inventory that was given, no flow is matched by this rule: its endpoints do "
    "not exist there. That is fine for workloads that come later, and it is what a slip in a "
    "label looks like.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web -> db tcp/5432",
    "",
)
