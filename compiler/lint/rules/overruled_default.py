"""`overruled-default`: said by `policy.resolve`."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(
    Page(
        "CPC203",
        "a default deny overrules a default allow",
        "Two `default` statements of one direction speak of the same endpoints. A `default deny` wins, "
        "whatever the order, so the `default allow` says something that does not hold there.",
        'endpoints web = { app = "web" }\ndefault deny ingress for web\n'
        "default allow ingress for web",
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
        "overruled-default",
    ),
    Severity.WARNING,
)
