"""`partial-shadow`: a rule that loses some of its flows to what comes before it."""

from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what takes a part of its flows."""
    return note(
        "CPC225",
        f"{told.what} decides only some of its flows",
        told.span,
        labels=told.labels(lambda other: "decides the others, and otherwise"),
        notes=told.witness,
    )


RULE = finding_rule(
    FindingKind.PARTIAL,
    Severity.NOTE,
    tell,
    "CPC225",
    "a rule decides only some of its flows",
    "Something before this rule, such as a block of the admin tier, decides some of its flows, and "
    "otherwise. That is how exceptions are written, so this is only a note; the witness is a flow that "
    "this rule does not get.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "tier admin priority 10 {\n  deny no-ssh: all -> db tcp/22\n}\n"
    "allow web-db: web -> db tcp",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "tier admin priority 10 {\n  deny no-ssh: all -> db tcp/22\n}\n"
    "allow web-db: web -> db tcp/5432",
)
