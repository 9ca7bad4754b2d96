"""`undecided-default`: said by `verify.coverage`, since such a policy is not compiled either."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(
    Page(
        "CPC209",
        "the solver cannot tell whether a default covers a rule",
        "Whether every endpoint of a rule is covered by `default` statements is decided by the form of "
        "the expressions where that is enough, and by a solver otherwise. The solver gave up in its "
        "time. An unknown answer never counts as a yes. Saying the `default` with the same name or "
        "expression as the rule needs no solver.",
        "",
        'endpoints web = { app = "web" } and not { legacy }\n'
        "default deny ingress for web\nallow world -> web tcp/80",
        "undecided-default",
    ),
    Severity.ERROR,
)
