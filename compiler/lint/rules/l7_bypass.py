"""`l7-bypass`: an allow without a request part beside one that has one."""

from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and the request part that it makes useless."""
    return warning(
        "CPC230",
        f"{told.what} lets requests pass that another rule looks at",
        told.span,
        label="allows every request",
        labels=told.labels(lambda other: "allows some requests of the same flows"),
        notes=told.witness,
        help="give it a request part too, or leave these flows out of it",
    )


RULE = finding_rule(
    FindingKind.L7_BYPASS,
    Severity.WARNING,
    tell,
    "CPC230",
    "an allow frees flows from a request part",
    "Two rules allow the same flows, one of them certain requests only. A flow that any rule "
    "allows without looking at requests is not looked at, so the request part has no effect "
    "there. The witness is such a flow.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    'allow api: web -> db tcp/8080 http { GET "/items" }\n'
    "allow any: web -> db tcp/8000-9000",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    'allow api: web -> db tcp/8080 http { GET "/items" }\n'
    "allow any: web -> db tcp/9000",
)
