"""Pages of CPC33x and CPC35x: rules, defaults, services, asserts, tests."""

from cpc.compiler.codes.page import Page

__all__ = ["RULES"]

RULES: tuple[Page, ...] = (
    Page(
        "CPC330",
        "a side is never an endpoint of ours",
        "A decision is made at an endpoint that cpc manages. The world, addresses, DNS names, nodes "
        "and unmanaged workloads are peers only. Where a rule is decided at one side alone (`ingress` "
        "or `egress` is written, or the other side can decide nothing), everything on that side must "
        "be endpoints, or part of the rule would do nothing. `init` and `health` endpoints are in no "
        "namespace.",
        "default deny ingress for all\ningress allow all -> world",
        "default deny egress for all\negress allow all -> world",
    ),
    Page(
        "CPC331",
        "neither side of a rule is an endpoint",
        "Nothing on either side of the rule can be an endpoint that cpc manages, so no program would "
        "ever ask it.",
        "cidr office = [10.1.0.0/16]\nallow world -> office",
        "cidr office = [10.1.0.0/16]\ndefault deny egress for all\nallow all -> office",
    ),
    Page(
        "CPC332",
        "an action does not belong here",
        "`pass` ends a tier, so it stands in a `tier` or `baseline` block. `require` narrows the "
        "normal allow rules, so it stands outside of one.",
        "pass all -> all",
        "tier admin priority 10 {\n  pass all -> all\n}",
    ),
    Page(
        "CPC333",
        "a requirement says too much",
        "`require a -> b` says what labels the peers of allow rules must have besides. It has no "
        "ports, no request part and no `log`, and its peers are label expressions: addresses, "
        "entities, DNS names and services are never narrowed.",
        'endpoints db = { app = "db" }\ndefault deny ingress for db\ningress require world -> db',
        'endpoints db = { app = "db" }\ndefault deny ingress for db\n'
        'ingress require { env = "prod" } -> db',
    ),
    Page(
        "CPC334",
        "a policy or rule of this name is there already",
        "Verdicts, events and tests name rules. Names of rules are unique in a policy or tier "
        "block (and outside of them, over all files), names of policies in their namespace, and names "
        "of asserts.",
        "default deny ingress for all\ningress allow ping: all -> all icmp\ningress allow ping: all -> all icmpv6",
        "default deny ingress for all\ningress allow ping: all -> all icmp\ningress allow ping6: all -> all icmpv6",
    ),
    Page(
        "CPC335",
        "two statements contradict each other",
        "`mode` and `allow-host` hold for the whole run. Two files say different things.",
        "mode default\nmode always",
        "mode always",
    ),
    Page(
        "CPC337",
        "a priority is out of range",
        "Priorities of tiers are 0 to 65535; the lowest is asked first.",
        "tier admin priority 100000 {\n  deny world -> all tcp/22\n}",
        "tier admin priority 10 {\n  deny world -> all tcp/22\n}",
    ),
    Page(
        "CPC338",
        "a namespace has no name",
        "The name after `namespace` is empty. Without the word, a policy speaks of every namespace.",
        'policy shop namespace "" {\n  default deny ingress for all\n}',
        'policy shop namespace "shop" {\n  default deny ingress for all\n}',
    ),
    Page(
        "CPC350",
        "a service is not complete",
        "A service has addresses, ports and backends, each of them once: a port is one number of tcp, "
        "udp or sctp and goes to a number or to a container port's name; backends are endpoints with "
        "a weight from 1 to 65535; `balance` is `maglev` or `random`.",
        'endpoints web = { app = "web" }\n'
        "service shop {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web weight 0\n}",
        'endpoints web = { app = "web" }\n'
        "service shop {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web weight 1\n}",
    ),
    Page(
        "CPC351",
        "a claim names a container port",
        "Asserts and tests are about packets, which carry port numbers. Which number a name has "
        "differs from one endpoint to the next.",
        'assert never world -> all tcp/"http"',
        "assert never world -> all tcp/8080",
    ),
    Page(
        "CPC352",
        "a test's request is not one request",
        "A test case asks about one concrete request: a method and a path, one call, one api with its "
        "topic, or one name. Expressions and wildcards are for rules.",
        'test "names" {\n  all -> all udp/53 dns { "*.example.com" } : deny\n}',
        'test "names" {\n  all -> all udp/53 dns { "www.example.com" } : deny\n}',
    ),
)
