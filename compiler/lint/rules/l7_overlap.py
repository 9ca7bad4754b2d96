"""`l7-overlap`: two protocols of requests on one flow."""

from cpc.compiler.diagnostics import Diagnostic, Severity, error
from cpc.compiler.lint.told import Told, finding_rule
from cpc.compiler.verify.findings import FindingKind

__all__ = ["RULE"]


def tell(told: Told) -> Diagnostic:
    """Names the statement, and the one with the other protocol."""
    return error(
        "CPC231",
        f"{told.what} and another one read the same flows as different protocols",
        told.span,
        label="one protocol",
        labels=told.labels(lambda other: "another protocol, on some of the same flows"),
        notes=told.witness,
        help="keep one kind of request part for these peers and ports",
    )


RULE = finding_rule(
    FindingKind.L7_OVERLAP,
    Severity.ERROR,
    tell,
    "CPC231",
    "one flow has request parts of two protocols",
    "A proxy reads the bytes of a connection as one protocol. Two rules ask for different "
    "ones, as `http` and `kafka`, on the same peers and ports; the witness is such a flow.",
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    'allow api: web -> db tcp/8080 http { GET "/items" }\n'
    'allow rpc: web -> db tcp/8080 grpc { call "shop.Items/*" }',
    'endpoints web = { app = "web" }\n'
    'endpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
    'allow api: web -> db tcp/8080 http { GET "/items" }\n'
    'allow rpc: web -> db tcp/9000 grpc { call "shop.Items/*" }',
)
