"""`ambiguous-priority`: blocks of one priority that contradict each other."""

from cpc.compiler.diagnostics import Diagnostic, Severity, error
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and the rule of the other block."""
    return error(
        "CPC228",
        f"{told.what} and a rule of another block with its priority contradict each other",
        told.span,
        label=f"priority {getattr(told.finding.rule, 'priority', 0)}",
        labels=told.labels(lambda other: "of the same priority, with another action"),
        notes=told.witness,
        help="give one of the blocks another priority, or join them into one",
    )


RULE = finding_rule(
    FindingKind.AMBIGUOUS,
    Severity.ERROR,
    tell,
    "CPC228",
    "blocks of one priority contradict each other",
    "Two blocks of a tier have the same priority, and rules of both match a flow with "
    "different actions. Kubernetes leaves it open what happens then; here deny wins over "
    "allow, and allow over `pass`. Nobody who reads the policy can know that this was meant.",
    "tier admin priority 10 {\n"
    "  allow ssh: all -> all tcp/22\n"
    "}\n"
    "tier admin priority 10 {\n"
    "  deny no-ssh: all -> all tcp/22\n"
    "}",
    "tier admin priority 10 {\n"
    "  allow ssh: all -> all tcp/22\n"
    "}\n"
    "tier admin priority 20 {\n"
    "  deny rest: all -> all tcp\n"
    "}",
)
