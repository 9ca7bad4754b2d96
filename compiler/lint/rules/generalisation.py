"""`generalisation`: a rule that is wider than an exception before it."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and the narrower statement inside it."""
    return note(
        "CPC226",
        f"{told.what} is wider than an earlier one",
        told.span,
        labels=told.labels(lambda other: "inside it, and decided otherwise"),
        notes=told.witness,
    )


RULE = finding_rule(
    FindingKind.GENERALISATION,
    Severity.NOTE,
    tell,
    "CPC226",
    "a rule is wider than an earlier one that decides otherwise",
    "All flows of an earlier rule, which decides them otherwise, would be flows of this one "
    "too. The earlier rule is an exception to this one. That is common; it is told so that "
    "whoever moves or widens one of them knows of the other.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "deny no-ssh: web -> db tcp/22\n"
    "allow web-db: web -> db tcp",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432",
)
