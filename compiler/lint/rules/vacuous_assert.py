"""`vacuous-assert`: an assert that would hold whatever the rules say."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.judged import assert_rule

__all__ = ["RULE"]

RULE = assert_rule(
    Page(
        "CPC262",
        "an assert says nothing",
        "There can be no connection of the kind that this assert is about: nobody is on one of its sides, "
        "neither end is an endpoint, the addresses of its sides are of different families, or no request is "
        "as it asks. So it holds whatever the rules say, and would not notice a mistake.",
        'endpoints web = { app = "web", not app }\nassert never web -> all tcp/22',
        'endpoints web = { app = "web" }\ndefault deny egress for web\n'
        "assert never web -> all tcp/22",
        "vacuous-assert",
    ),
    Severity.WARNING,
)
