"""`shadowed-rule`: a rule that never takes effect, and says otherwise than what does."""

from cpc.compiler.diagnostics import Diagnostic, Severity, error
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, what decides its flows before it, and what to narrow."""
    return error(
        "CPC222",
        f"{told.what} can never take effect",
        told.span,
        label="shadowed",
        labels=told.labels(),
        notes=told.witness,
        help=f"narrow {told.where('what comes before it')} so that some flows are left to it, or "
        f"{told.remedy}",
    )


RULE = finding_rule(
    FindingKind.SHADOWED,
    Severity.ERROR,
    tell,
    "CPC222",
    "a rule can never take effect",
    "Every flow of this rule is decided before it: by an earlier tier, by an earlier rule of "
    "its block, or by denies, which come before allows whatever their order. At least one of "
    "those flows, the witness, is decided otherwise than the rule says. So the policy does "
    "not do what its author wrote. The labels are a smallest set of statements that together "
    "leave nothing to it.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "deny no-db: all -> db tcp/5432\n"
    "allow web-db: web -> db tcp/5432",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    "allow web-db: web -> db tcp/5432",
)
