"""`half-open`: one side allows what the other never does."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what forbids it on the other side."""
    return note(
        "CPC232",
        f"{told.what} allows connections that the other side always denies",
        told.span,
        label="no connection of it comes about",
        labels=told.labels(lambda other: "denies the witness on the other side"),
        notes=told.witness,
        help=f"allow them on the other side too, or {told.remedy}",
    )


RULE = finding_rule(
    FindingKind.HALF_OPEN,
    Severity.NOTE,
    tell,
    "CPC232",
    "one side allows what the other side never does",
    "A connection between two endpoints must be allowed by the egress of the one and the "
    "ingress of the other. This half allows connections, and none of them is allowed by the "
    "other side, so the half opens nothing. Mostly the other half was forgotten. The witness "
    "is such a connection.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "egress allow web -> db tcp/5432",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web -> db tcp/5432",
)
