"""Pages of CPC24x: questions about connections, and what a policy's tests find."""

from cpc.compiler.codes.page import Page

__all__ = ["QUESTIONS"]

QUESTIONS: tuple[Page, ...] = (
    Page(
        "CPC240",
        "a test case does not hold",
        "A case of a `test` is about every connection from its left to its right side: of whatever endpoints "
        "there can be, or of those in the inventory. For the connection that is shown the policy decides "
        "otherwise than the case says, or another statement decides than the one named after `by`. Both "
        "sides decide; the one that denies, or both that allow, are what decides.",
        'test "closed" {\n  all -> db tcp/5432 : deny\n}\nallow web-db: web -> db tcp/5432',
        'test "closed" {\n  world -> db tcp/5432 : deny\n  web   -> db tcp/5432 : allow by web-db\n}',
    ),
    Page(
        "CPC241",
        "it could not be told whether a test case holds",
        "Without an inventory, a solver looks for a connection for which a case fails. It gave up in its "
        "time, and an unknown answer never counts as a yes. Under an inventory no solver is needed.",
        "cpc test policy.cil",
        "cpc test policy.cil --inventory pods.yaml",
    ),
    Page(
        "CPC242",
        "a test case is about nobody",
        "No endpoint has what a side of the case asks for, or no connection can be made between its sides. "
        "Such a case holds whatever the policy says, so it tests nothing.",
        'test "closed" {\n  { app = "web", not app } -> db : deny\n}',
        'test "closed" {\n  { app = "web" } -> db : deny\n}',
    ),
    Page(
        "CPC243",
        "no endpoint has this name",
        "A text, or two names with a `/` between them, as an end of a connection is the name of an endpoint of "
        "the inventory. The names of definitions stand bare; labels stand between braces, and are about "
        "any endpoint that has them.",
        "cpc trace policy.cil 'shop/web-1 -> db tcp/5432'",
        "cpc trace policy.cil 'shop/web-1 -> db tcp/5432' --inventory pods.yaml",
    ),
    Page(
        "CPC244",
        "there is no such connection",
        "`cpc trace` and `cpc why` are about one connection: a client, a server, and what is asked for. "
        "Either it says too little, as without a port or with a range of them, or nobody can make it: nobody has what its ends ask "
        "for, both ends are one, or their addresses are of different families.",
        "cpc trace policy.cil 'web -> db'",
        "cpc trace policy.cil 'web -> db tcp/5432'",
    ),
    Page(
        "CPC245",
        "there are no tests",
        "`cpc test` was given policies without a `test`. In CI that is most likely a file forgotten, so it is "
        "an error.",
        "cpc test policy.cil",
        "cpc test policy.cil tests.cil",
    ),
    Page(
        "CPC246",
        "a case cannot be tried in the kernel",
        "`cpc test --kernel` gives the loaded program the first packet of each case's connection. A request "
        "takes a proxy to look at, a case about nobody has no connection, and some connections have no packet, as "
        "of IPv6 with the number of an extension header.",
        'test "requests" {\n  web -> orders tcp/8080 GET "/items" : allow\n}',
        'test "connections" {\n  web -> orders tcp/8080 : allow\n}',
    ),
    Page(
        "CPC247",
        "the kernel decides otherwise than the policy says",
        "The program that the policy was compiled to lets a packet pass that the policy denies, drops one that it "
        "allows, or names another rule. This is never the fault of the policy: report it.",
    ),
)
