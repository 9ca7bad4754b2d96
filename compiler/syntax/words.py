"""The words of the language, as the splitter, the parser's messages and the formatter share them."""

__all__ = [
    "ACTIONS",
    "BLOCKS",
    "DIRECTIONS",
    "DOCUMENTED",
    "INSIDE",
    "PROTOCOLS",
    "RULES",
    "SERVICE_ITEMS",
    "STATEMENTS",
    "shadowed_port",
]

ACTIONS = ("allow", "deny", "pass", "require")
DIRECTIONS = ("ingress", "egress")
PROTOCOLS = ("tcp", "udp", "sctp", "any", "icmp", "icmpv6", "proto")
SERVICE_ITEMS = frozenset({"vip", "port", "backends", "balance", "affinity"})

BLOCKS = frozenset({"policy", "tier", "baseline", "service", "test"})
"""Statements that hold others between braces."""

RULES = frozenset({"staged", *DIRECTIONS, *ACTIONS})

STATEMENTS = frozenset(
    {
        *("language", "include", "const", "param", "endpoints", "cidr", "fqdn", "port"),
        *("default", "mode", "allow-host", "audit", "assert"),
        *RULES,
        *BLOCKS,
    }
)
"""Every word that starts a statement."""

INSIDE: dict[str, frozenset[str]] = {
    "file": STATEMENTS,
    "policy": frozenset({"default", "audit", *RULES}),
    "tier": RULES,
    "baseline": RULES,
    "service": SERVICE_ITEMS,
}
"""What may stand where; a `test` holds cases, which start with no word of their own."""

DOCUMENTED = STATEMENTS - {"language", "include", "mode", "allow-host", "audit"}
"""Statements that a doc comment can describe."""


def shadowed_port(name: str) -> bool:
    """Whether a `port` definition of this name needs backticks where a rule uses it."""
    return name in STATEMENTS or name in PROTOCOLS or name in {"and", "or", "not", "log"}
