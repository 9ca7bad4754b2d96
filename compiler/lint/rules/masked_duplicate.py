"""`masked-duplicate`: a rule that never takes effect, but would change nothing."""

from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what says the same before it."""
    return warning(
        "CPC223",
        f"{told.what} repeats what is decided before it",
        told.span,
        label="changes nothing",
        labels=told.labels(),
        notes=told.witness,
        help=f"{told.remedy}: {told.where('what comes before it')} already decides all of it so",
    )


RULE = finding_rule(
    FindingKind.DUPLICATE,
    Severity.WARNING,
    tell,
    "CPC223",
    "a rule repeats others",
    "Every flow of this rule is decided before it, and just as it says: it is a copy of "
    "another rule, or a part of one or of several together. It can be removed. Of two equal "
    "rules it is the later one that is told.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow all-tcp: web -> db tcp\n"
    "allow web-db: web -> db tcp/5432",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432",
)
