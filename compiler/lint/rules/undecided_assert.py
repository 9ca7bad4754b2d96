"""`undecided-assert`: an assert of which it is unknown whether it holds."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.judged import assert_rule

__all__ = ["RULE"]

RULE = assert_rule(
    Page(
        "CPC261",
        "it is unknown whether an assert holds",
        "Asserts are decided exactly. Here the search was stopped before it came to an end, for the reason "
        "that is given; unknown never passes: the run ends with 3. `cpc verify --timeout SECONDS` gives each "
        "assert more time. A claim about fewer connections is easier: name ports, or split its sides.",
        "",
        "",
        "undecided-assert",
    ),
    Severity.ERROR,
)
