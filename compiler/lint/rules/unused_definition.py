"""`unused-definition`: said by `policy.names`, which knows what was looked up."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(
    Page(
        "CPC202",
        "a definition is never used",
        "Nothing names this constant, parameter, port or selector. It may be left over, or a rule "
        "names another where this one was meant.",
        'endpoints web = { app = "web" }\nendpoints wbe = { app = "web" }\n'
        "default deny ingress for web",
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
        "unused-definition",
    ),
    Severity.WARNING,
)
