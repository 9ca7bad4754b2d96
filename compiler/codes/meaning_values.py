"""Pages of CPC311-CPC325: addresses and ports."""

from cpc.compiler.codes.page import Page

__all__ = ["VALUES"]

VALUES: tuple[Page, ...] = (
    Page(
        "CPC311",
        "an address or prefix cannot be read",
        "Addresses and prefixes are written as usual: `10.1.0.0/16`, `2001:db8::/32`, or a single "
        "address. Zones (`fe80::1%eth0`) and netmasks are not taken, and an IPv4 address is not "
        "written as IPv6 (`::ffff:10.1.2.3`), since no packet carries it so.",
        "default deny ingress for all\nallow ::ffff:10.1.2.3 -> all",
        "default deny ingress for all\nallow 10.1.2.3 -> all",
    ),
    Page(
        "CPC312",
        "a prefix has bits set after its length",
        "`10.1.2.3/16` may mean the network `10.1.0.0/16` or the address `10.1.2.3`. Tools that "
        "silently take the network have opened more than was meant, so it has to be said.",
        "default deny ingress for all\nallow 10.1.2.3/16 -> all",
        "default deny ingress for all\nallow 10.1.0.0/16 -> all",
    ),
    Page(
        "CPC313",
        "an except lies outside its prefix",
        "`except` takes addresses out of the prefix before it. One that is not inside that prefix "
        "takes out nothing, so one of the two is wrong.",
        "default deny ingress for all\nallow 10.1.0.0/16 except 10.2.0.0/24 -> all",
        "default deny ingress for all\nallow 10.1.0.0/16 except 10.1.2.0/24 -> all",
    ),
    Page(
        "CPC314",
        "a set of addresses is empty",
        "The list is empty, or `except` takes out all of it. Such a set matches nothing, so a rule "
        "with it never matches; it never comes to mean every address.",
        "default deny ingress for all\nallow 10.1.0.0/24 except 10.1.0.0/24 -> all",
        "default deny ingress for all\nallow 10.1.0.0/24 except 10.1.0.0/28 -> all",
    ),
    Page(
        "CPC315",
        "a DNS name cannot be read",
        "A name has labels of letters, digits, `-` and `_` with dots between. `*` stands for a run of "
        "such characters inside one label. Addresses are no names: write them as a `cidr`.",
        'fqdn api = ["https://api.example.com"]\ndefault deny egress for all\nallow all -> api tcp/443',
        'fqdn api = ["api.example.com"]\ndefault deny egress for all\nallow all -> api tcp/443',
    ),
    Page(
        "CPC320",
        "a number is out of range",
        "Ports are 1 to 65535, protocols and ICMP types and codes 0 to 255. For every port of a "
        "protocol, leave the number out.",
        "default deny ingress for all\nallow world -> all tcp/70000",
        "default deny ingress for all\nallow world -> all tcp/7000",
    ),
    Page(
        "CPC321",
        "a range runs backwards",
        "The first number of a range is larger than its last. It would hold nothing.",
        "default deny ingress for all\nallow world -> all tcp/8099-8000",
        "default deny ingress for all\nallow world -> all tcp/8000-8099",
    ),
    Page(
        "CPC322",
        "a protocol does not take this",
        "`tcp`, `udp`, `sctp` and `any` take ports, `icmp` and `icmpv6` a type and a code, and `proto` "
        "one or more protocol numbers.",
        "default deny ingress for all\nallow world -> all proto",
        "default deny ingress for all\nallow world -> all proto/47",
    ),
    Page(
        "CPC323",
        "an ICMP type is not known",
        "Types are numbers, or names of IANA's registries. ICMP and ICMPv6 have types of their own: "
        "`echo-request` is 8 in `icmp` and 128 in `icmpv6`, and each protocol needs its own port part.",
        "default deny ingress for all\nallow world -> all icmp/packet-too-big",
        "default deny ingress for all\nallow world -> all icmpv6/packet-too-big",
    ),
    Page(
        "CPC324",
        "a container port's name cannot be read",
        "A quoted port is the name of a container port, which an inventory gives a number. It has up "
        "to 15 of a-z, 0-9 and `-`, and a letter among them. Numbers stand without quotes.",
        'default deny ingress for all\nallow world -> all tcp/"8080"',
        "default deny ingress for all\nallow world -> all tcp/8080",
    ),
    Page(
        "CPC325",
        "a container port's name cannot be resolved",
        "Names of container ports get their numbers from an inventory: the subject's ports for "
        "ingress, each peer's for egress, with the same protocol. There is no inventory, or nobody on "
        "that side has such a port. The name then matches nothing: an allow allows less, but a deny "
        "denies less too.",
        'default deny ingress for all\nallow world -> all tcp/"http"',
        "default deny ingress for all\nallow world -> all tcp/8080",
    ),
)
