"""Pages of CPC2xx: findings of the verifier."""

from cpc.compiler.codes.page import Page

__all__ = ["FINDINGS"]

FINDINGS: tuple[Page, ...] = (
    Page(
        "CPC201",
        "no default covers a rule's endpoints",
        "A rule says what is allowed or denied, never what happens to everything else: endpoints are "
        "open until a `default deny` isolates them. A rule about endpoints that no `default` statement "
        "covers is most likely a `default deny` forgotten, and then an allow rule changes nothing. So "
        "the endpoints that a rule is enforced at must be named by `default deny` or `default allow` "
        "statements of the same direction, in any file of the run. The witness is an endpoint that "
        "the rule is about and no `default` names.",
        'endpoints web = { app = "web" }\nallow web -> world tcp/443',
        'endpoints web = { app = "web" }\ndefault deny egress for web\nallow web -> world tcp/443',
    ),
    Page(
        "CPC202",
        "a definition is never used",
        "Nothing names this constant, parameter, port or selector. It may be left over, or a rule "
        "names another where this one was meant.",
        'endpoints web = { app = "web" }\nendpoints wbe = { app = "web" }\n'
        "default deny ingress for web",
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
    ),
    Page(
        "CPC203",
        "a default deny overrules a default allow",
        "Two `default` statements of one direction speak of the same endpoints. A `default deny` wins, "
        "whatever the order, so the `default allow` says something that does not hold there.",
        'endpoints web = { app = "web" }\ndefault deny ingress for web\n'
        "default allow ingress for web",
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
    ),
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
    ),
)
