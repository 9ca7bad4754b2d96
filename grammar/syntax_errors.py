"""Malformed snippets and what is wrong with them.

Each snippet is parsed once; the parser's state where it fails, with the terminal that it met there,
stands for the mistake (as Lark's `match_examples`). A text that fails in the same state on the same
terminal made the same mistake; failing that, in the same state, unless the text just ended.
"""

from msgspec import Struct

__all__ = ["MISTAKES", "Mistake"]


class Mistake(Struct, frozen=True):
    """One mistake: the code, what to say, and snippets that make it at their first wrong word.

    Each line of `snippets` is one. `start` is the start rule of the grammar that they are tried with.
    An `exact` mistake is not taken for one that other terminals make in the same state.
    """

    code: str
    message: str
    help: str
    snippets: str = ""
    start: str = "statement"
    exact: bool = False


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "CPC100",
        "a name stands without quotes",
        "names are bare letters, digits, `_` and `-`: write it as in `my-app`",
        """
        endpoints "a" = {}
        const "a" = 1
        param "a" = 1
        cidr "a" = 10.0.0.0/8
        fqdn "a" = ["x.org"]
        port "a" = tcp/80
        policy "a" {
        service "a" {
        """,
        exact=True,
    ),
    Mistake(
        "CPC117",
        "this is not how ports are written",
        "a rule ends with ports as in `web -> db tcp/5432`; a definition reads `port pg = tcp/5432`",
        """
        port 80
        port 80/tcp
        port {
        port /80
        """,
    ),
    Mistake(
        "CPC111",
        "no `:` after the rule's name",
        "a named rule reads `allow NAME: PEER -> SUBJECT`",
        """
        allow name a -> b
        deny name {} -> b
        assert never name a -> b
        """,
    ),
    Mistake(
        "CPC117",
        "ports stand after both sides of a rule",
        "write it as in `allow web -> db tcp/5432`",
        """
        allow tcp/80 a -> b
        allow n: tcp/80 a -> b
        """,
        exact=True,
    ),
    Mistake(
        "CPC103",
        "the rule has no `->`",
        "a rule reads `allow PEER -> SUBJECT`: where connections come from, `->`, where they go",
        """
        allow a
        allow a tcp/80
        allow n: a
        allow n: a b
        allow a, b
        allow a, b c
        allow {}
        allow {} b
        allow [a]
        allow [a] b
        allow (a)
        allow (a) b
        allow 10.0.0.1
        allow 10.0.0.1 b
        allow a and b
        allow a and b c
        allow a or b
        allow a or b c
        allow not a
        """,
    ),
    Mistake(
        "CPC103",
        "the claim has no `->`",
        "write `assert never A -> B`; only `assert isolated A` has one side",
        """
        assert never a
        assert never a b
        assert only n: a
        assert only n: a b
        assert never a, b
        assert never {}
        assert never {} b
        assert never 10.0.0.1 b
        """,
    ),
    Mistake(
        "CPC103",
        "the case has no `->`",
        "a case reads `CLIENT -> SERVER tcp/80 : allow`",
        """
        a
        a : allow
        a b : allow
        {}
        {} : allow
        {} b : allow
        10.0.0.1 : allow
        10.0.0.1 b : allow
        """,
        "test_case",
    ),
    Mistake(
        "CPC103",
        "the connection has no `->`",
        "a connection reads `CLIENT -> SERVER tcp/80`",
        """
        a
        a b
        {}
        {} b
        10.0.0.1
        10.0.0.1 b
        "a"
        "a" b
        a/b
        a/b c
        """,
        "connection",
    ),
    Mistake(
        "CPC100",
        "a connection ends before its verdict",
        "leave out what follows: the verdict is the answer",
        """
        a -> b : allow
        a -> {} : allow
        a -> "b" : allow
        a -> 10.0.0.1 : allow
        a -> b tcp/80 : allow
        a -> b http { any x } : allow
        """,
        "connection",
        exact=True,
    ),
    Mistake(
        "CPC117",
        "a port has no protocol",
        "write `tcp/80`, `udp/53`, or the name of a `port` definition",
        """
        a -> b 80
        a -> {} 80
        a -> b tcp 80
        a -> b tcp/
        """,
        "connection",
        exact=True,
    ),
    Mistake(
        "CPC103",
        "the service's port has no `->`",
        "write the port of the VIP, then that of the backends: `port tcp/80 -> 8080`",
        """
        port tcp/80
        port tcp/80 8080
        """,
        "service_item",
    ),
    Mistake(
        "CPC111",
        "the case has no `: verdict`",
        "a case ends with `: allow`, `: deny` or `: redirect`, and maybe `by RULE`",
        """
        a -> b
        a -> b deny
        a -> b deny by c
        a -> b = deny
        a -> b tcp/80
        a -> b tcp/80 allow
        a -> b tcp/80 = deny
        a -> b GET "/"
        a -> b tcp/80 GET "/" allow
        a -> {}
        a -> {} = deny
        a -> 10.0.0.1
        a -> b http { any x }
        a -> b http { any x } allow
        """,
        "test_case",
    ),
    Mistake(
        "CPC125",
        "no `=` after the name",
        'a definition reads `endpoints web = { app = "web" }`',
        """
        const a
        const a 1
        const a : 1
        endpoints a
        endpoints a {}
        endpoints a : {}
        cidr a
        cidr a [
        fqdn a
        fqdn a [
        port a
        port a tcp/80
        param a 1
        """,
    ),
    Mistake(
        "CPC125",
        "no `=` after the label's key",
        'a label term reads `app = "web"`, `app != "web"`, `app in ("a", "b")`, `app` or `not app`',
        """
        endpoints a = { app "web" }
        endpoints a = { app : "web" }
        endpoints a = { app -> }
        """,
    ),
    Mistake(
        "CPC109",
        "no comma after the label term",
        'the terms of a selector are separated by commas: `{ app = "web", env = "prod" }`',
        """
        endpoints a = { app = "web" env }
        endpoints a = { app env }
        endpoints a = { not app env }
        endpoints a = { app in ("x") env }
        """,
    ),
    Mistake(
        "CPC109",
        "no comma between the items",
        "the items of a list are separated by commas",
        """
        cidr a = [10.0.0.0/8 10.1.0.0/16]
        cidr a = [10.0.0.0/8 b]
        cidr a = [b c]
        cidr a = [b 10.0.0.0/8]
        cidr a = [10.0.0.0/8 except 10.1.0.0/16 b]
        cidr a = [10.0.0.0/8 except [10.1.0.0/16 10.2.0.0/16]]
        fqdn a = ["a.com" "b.com"]
        endpoints a = { app in ("x" "y") }
        default deny ingress egress for a
        port a = tcp/80 udp/80
        allow a -> b tcp/80 udp/53
        allow a -> b tcp/80 c
        allow a -> b tcp udp
        allow a -> b c d
        allow a -> b tcp/{80 443}
        allow a -> b dns { "a" "b" }
        """,
    ),
    Mistake(
        "CPC124",
        "here the text must be quoted",
        'write it between double quotes: `"..."`',
        """
        include common
        policy p namespace shop {
        test orders {
        const a = 10.0.0.1
        fqdn a = [10.0.0.1]
        fqdn a = [/]
        endpoints a = { app = 10.0.0.1 }
        endpoints a = { app in (10.0.0.1) }
        allow a -> b http { GET / }
        allow a -> b http { GET 10.0.0.1 }
        allow a -> b http { path / }
        allow a -> b http { host 10.0.0.1 }
        allow a -> b http { header X }
        allow a -> b grpc { call / }
        allow a -> b kafka { topic / }
        allow a -> b dns { 10.0.0.1 }
        """,
    ),
    Mistake(
        "CPC117",
        "this is not how ports are written",
        'write `tcp/80`, `udp/53`, `tcp/{80, 8000-8099}`, `tcp/"http"` or `icmp/echo-request`',
        """
        allow a -> b 80
        allow a -> b 80/tcp
        allow a -> b /80
        allow a -> b :80
        allow a -> b "http"
        allow a -> b {} 80
        allow a -> {} 80
        allow a -> {} :80
        allow a -> {}/80
        allow a -> 10.0.0.1 80
        allow a -> 10.0.0.1:x
        allow a -> b tcp 80
        allow a -> b tcp:80
        allow a -> b tcp =
        allow a -> b tcp {
        allow a -> b icmp echo
        allow a -> b tcp/
        allow a -> b tcp/-1
        allow a -> b tcp/{}
        allow a -> b tcp/(80)
        allow a -> b tcp/[80]
        allow a -> b tcp/80:90
        allow a -> b tcp/80-
        allow a -> b tcp/80-/
        allow a -> b pg/80
        allow a -> b pg:80
        port a = 80
        port a = 80/tcp
        port a = /80
        port a = "http"
        """,
    ),
    Mistake(
        "CPC117",
        "this is not how ports are written",
        "write one port, as in `web -> db tcp/5432 : allow`",
        """
        a -> b 80 : allow
        a -> {} 80 : allow
        a -> b tcp 80 : allow
        a -> b tcp/ : allow
        a -> b tcp:80 : allow
        a -> b pg:80 : allow
        a -> b:80 : allow
        """,
        "test_case",
        exact=True,
    ),
    Mistake(
        "CPC117",
        "this is not how a service's port is written",
        "write the port of the VIP, then that of the backends: `port tcp/80 -> 8080`",
        """
        port 80 -> 8080
        port tcp 80 -> 8080
        port tcp:80 -> 8080
        port tcp/80 -> tcp/80
        port tcp/80 -> 8080 x
        """,
        "service_item",
    ),
    Mistake(
        "CPC108",
        "an address belongs here",
        "write addresses or prefixes, as in `10.1.0.0/16` or `2001:db8::/32`",
        """
        cidr a = 10
        cidr a = b
        cidr a = "x"
        cidr a = {
        cidr a = [10]
        cidr a = ["10.0.0.0/8"]
        cidr a = [10.0.0.0/8 except b]
        cidr a = [10.0.0.0/8 except]
        cidr a = [10.0.0.0/8 except 10]
        cidr a = [10.0.0.0/8 except [b]]
        """,
    ),
    Mistake(
        "CPC108",
        "an address belongs here",
        "a VIP is one address, as in `vip 10.96.0.10, fd00:96::10`",
        """
        vip a
        vip 10
        vip "10.0.0.1"
        vip 10.0.0.1, a
        vip [
        """,
        "service_item",
    ),
    Mistake(
        "CPC108",
        "ranges of addresses are not in the language",
        "write the prefixes that make up the range: `[10.0.0.0/30, 10.0.0.4/31]`",
        """
        cidr a = [10.0.0.1-10.0.0.9]
        cidr a = 10.0.0.1-10.0.0.9
        allow 10.0.0.1-10.0.0.9 -> a
        allow a -> 10.0.0.1-10.0.0.9
        """,
    ),
    Mistake(
        "CPC121",
        "the block has no `{`",
        'a block reads `policy NAME namespace "NS" {` ... `}`',
        """
        policy p
        policy p a
        policy p [
        policy p "x"
        policy p :
        policy p namespace "x"
        policy p namespace "x" a
        tier admin priority 10
        tier admin priority 10 a
        tier admin priority p
        baseline priority 10
        service s
        service s a
        service s =
        test "x"
        test "x" a
        """,
    ),
    Mistake(
        "CPC118",
        "the request part is empty",
        'write at least one matcher, as in `http { GET "/" }`',
        """
        allow a -> b http { }
        allow a -> b grpc { }
        allow a -> b kafka { }
        allow a -> b dns { }
        """,
        exact=True,
    ),
    Mistake(
        "CPC126",
        "the tier has no `priority`",
        "write `tier admin priority 10 {` or `baseline priority 100 {`; a lower number is asked first",
        """
        tier admin {
        tier admin a {
        tier admin 10 {
        baseline {
        baseline a {
        baseline 10 {
        """,
    ),
    Mistake(
        "CPC126",
        "the default has no `for`",
        "write whom it is about: `default deny ingress, egress for web, db`",
        """
        default deny ingress
        default deny ingress web
        default deny ingress, egress
        """,
    ),
)
