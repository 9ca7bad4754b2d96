"""`undecided`: a question that the verifier could not answer in its time."""

from collections.abc import Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.lint.told import told

__all__ = ["RULE"]


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of each finding that is unknown: nothing is claimed, and the run ends with 3."""
    for one in told([f for f in material.findings or () if f.undecided], material):
        yield warning(
            "CPC229",
            f"it is unknown whether {one.what} has the finding `{one.finding.kind}`",
            one.span,
            notes=(f"because {one.finding.undecided}",),
            help="simplify its selectors or expressions",
        )


RULE = Rule(
    Page(
        "CPC229",
        "a question could not be answered",
        "Whether a rule has a finding is decided exactly. Here the search was stopped before it came to an "
        "end, for the reason that is given. An unknown answer is never taken for a good one: `cpc check` "
        "ends with 3, unless something worse was found. A baseline never accepts it.",
        "",
        "",
        "undecided",
    ),
    Severity.WARNING,
    check,
)
