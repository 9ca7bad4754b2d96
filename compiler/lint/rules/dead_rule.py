"""`dead-rule`: a rule that matches no flow, whatever endpoints there are."""

from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and what cannot be true of it."""
    return warning(
        "CPC220",
        f"{told.what} matches nothing, whatever endpoints there are",
        told.span,
        label="no flow can be like this",
        labels=told.labels(lambda other: "together with this"),
        help=f"correct its selectors or ports, or {told.remedy}",
    )


RULE = finding_rule(
    FindingKind.DEAD,
    Severity.WARNING,
    tell,
    "CPC220",
    "a rule matches nothing",
    "No flow that can ever exist is matched by this rule: its labels contradict each other, "
    "or its addresses, ports and protocols do. Most often a label is compared with two "
    "values at once, or `and` stands where `or` was meant.",
    'endpoints both = { app = "web" } and { app = "db" }\n'
    "default deny ingress for both\n"
    "allow world -> both tcp/443",
    'endpoints both = { app = "web" } or { app = "db" }\n'
    "default deny ingress for both\n"
    "allow world -> both tcp/443",
)
