"""Pages of CPC34x: request parts."""

from cpc.compiler.codes.page import Page

__all__ = ["REQUESTS"]

REQUESTS: tuple[Page, ...] = (
    Page(
        "CPC340",
        "a regular expression cannot be used",
        "Expressions have RE2's syntax and match the whole text. Look-around, back-references and "
        "possessive repetition do not exist there, and what engines read differently is refused, so "
        "that the proxy, the verifier and the reader agree on what an expression matches.",
        'default deny ingress for all\ningress allow all -> all tcp/80 http {\n  GET "/(?!admin).*"\n}',
        'default deny ingress for all\ningress allow all -> all tcp/80 http {\n  GET "/shop/.*"\n}',
    ),
    Page(
        "CPC341",
        "only allow rules take a request part",
        "A denied connection is dropped before there is a request to look at. Allow the requests that "
        "may pass: the proxy then denies every other one.",
        'default deny ingress for all\ningress deny all -> all tcp/80 http {\n  GET "/admin.*"\n}',
        'default deny ingress for all\ningress allow all -> all tcp/80 http {\n  GET "/shop.*"\n}',
    ),
    Page(
        "CPC342",
        "the ports cannot carry the request part",
        "`http`, `grpc` and `kafka` are carried by `tcp`, `dns` by `udp` or `tcp`, and the rule says on "
        "which ports: traffic to them goes through a proxy, and that should not happen to ports that "
        "nobody named.",
        'default deny ingress for all\ningress allow all -> all http {\n  GET "/"\n}',
        'default deny ingress for all\ningress allow all -> all tcp/80 http {\n  GET "/"\n}',
    ),
    Page(
        "CPC343",
        "a matcher cannot be read",
        "Methods and header names are tokens of HTTP (letters, digits and a few signs, no spaces or "
        "colons). A request part without any matcher would allow no request.",
        "default deny ingress for all\ningress allow all -> all tcp/80 http {\n"
        '  GET "/" header "X-Tenant:" = "shop"\n}',
        "default deny ingress for all\ningress allow all -> all tcp/80 http {\n"
        '  GET "/" header "X-Tenant" = "shop"\n}',
    ),
    Page(
        "CPC344",
        "a gRPC method cannot be read",
        "A method is written with its service as on the wire, without the leading slash: "
        "`package.Service/Method`, or `package.Service/*` for all of a service.",
        'default deny ingress for all\ningress allow all -> all tcp/80 grpc {\n  call "Items"\n}',
        'default deny ingress for all\ningress allow all -> all tcp/80 grpc {\n  call "shop.Store/Items"\n}',
    ),
    Page(
        "CPC345",
        "a Kafka matcher cannot be read",
        "A role (`produce`, `consume`) already says which api keys are meant, so it excludes `api`. An "
        "api is a key or a name of Kafka's protocol. A topic has up to 255 of a-z, A-Z, 0-9, `.`, `_` "
        "and `-`, and may end in `*`.",
        "default deny ingress for all\ningress allow all -> all tcp/9092 kafka {\n"
        '  consume topic "orders and more"\n}',
        "default deny ingress for all\ningress allow all -> all tcp/9092 kafka {\n"
        '  consume topic "orders.*"\n}',
    ),
    Page(
        "CPC347",
        "a host expression never matches",
        "Hosts are compared in lower case, without port and without a trailing dot. An expression "
        "that asks for a capital letter matches no request.",
        "default deny ingress for all\ningress allow all -> all tcp/80 http {\n"
        '  method "GET" path "/" host "Shop.example"\n}',
        "default deny ingress for all\ningress allow all -> all tcp/80 http {\n"
        '  method "GET" path "/" host "shop.example"\n}',
    ),
)
