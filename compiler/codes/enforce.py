"""Pages of CPC4xx: what this version or target cannot enforce."""

from cpc.compiler.codes.page import Page

__all__ = ["ENFORCE"]

_WHY = (
    " `cpc check` accepts it, with a note; `cpc compile` refuses it at its line, because a program "
    "that leaves out part of its policy without a word is worse than none."
)

ENFORCE: tuple[Page, ...] = (
    Page(
        "CPC401",
        "request parts are not enforced",
        "An `http`, `grpc`, `kafka` or `dns` part is understood and checked, but this version has no "
        "proxy to enforce it." + _WHY,
        'allow web -> orders tcp/8080 http {\n  GET "/items"\n}',
        "allow web -> orders tcp/8080",
    ),
    Page(
        "CPC402",
        "services are not balanced",
        "A `service`, and a service as a side of a rule, is understood and checked, but this version "
        "has no load balancer." + _WHY,
        "allow web -> orders-svc tcp/80",
        "allow web -> orders tcp/8080",
    ),
    Page(
        "CPC403",
        "a side by DNS name is not enforced",
        "An `fqdn` as a side of a rule is understood and checked, but this version does not learn "
        "which addresses a name resolves to." + _WHY,
        'fqdn stripe = ["api.stripe.com"]\nallow orders -> stripe tcp/443',
        "cidr stripe = [198.51.100.0/24]\nallow orders -> stripe tcp/443",
    ),
    Page(
        "CPC404",
        "staged statements are not evaluated",
        "A staged rule or policy is understood and checked, but this version does not report what it "
        "would decide." + _WHY,
        "staged allow web -> orders tcp/8081",
        "allow web -> orders tcp/8081",
    ),
    Page(
        "CPC405",
        "audit is not carried out",
        "`audit` turns denials into allowed and logged traffic. This version does not carry that out, "
        "so the traffic would be denied after all." + _WHY,
        "audit web",
        "# without `audit`, denials of web are denials",
    ),
)
