"""Pages of CPC30x and CPC310: names, constants, label expressions."""

from cpc.compiler.codes.page import Page

__all__ = ["NAMES"]

NAMES: tuple[Page, ...] = (
    Page(
        "CPC301",
        "a name is not defined",
        "No definition in any file of the run has this name, and it is no entity (`all`, `world`, "
        "`world-ipv4`, `world-ipv6`, `cluster`, `host`, `remote-node`, `kube-apiserver`, `health`, "
        "`init`, `unmanaged`). Definitions may stand after their uses and in other files, as long as "
        "those are on the command line or included.",
        'endpoints web = { app = "web" }\ndefault deny ingress for wbe',
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
    ),
    Page(
        "CPC302",
        "a name is defined twice",
        "Constants, parameters, endpoints, address sets, DNS names, ports and services share one "
        "namespace over all files of a run, so that a name means one thing wherever it stands.",
        'endpoints web = { app = "web" }\nendpoints web = { app = "www" }\n'
        "default deny ingress for web\nallow world -> web tcp/80",
        'endpoints web = { app = "web" }\nport http = tcp/80\n'
        "default deny ingress for web\nallow world -> web http",
    ),
    Page(
        "CPC303",
        "a name is reserved",
        "The names of entities mean the same in every policy, so no definition may have one. And no "
        "rule is called `default`: tests use that word for a default deny.",
        'endpoints host = { app = "host" }\ndefault deny ingress for all',
        'endpoints host-app = { app = "host" }\ndefault deny ingress for host-app',
    ),
    Page(
        "CPC304",
        "a name is of another kind than is needed",
        "Every place takes certain kinds of definitions: a side of a rule takes endpoints, addresses, "
        "DNS names, services and entities; `and`, `or`, `not` take endpoints only; a port list takes "
        "ports.",
        "cidr office = [10.1.0.0/16]\nendpoints staff = office and not { guest }\n"
        "default deny ingress for staff",
        "cidr office = [10.1.0.0/16]\nendpoints staff = { staff } and not { guest }\n"
        "default deny ingress for staff\nallow office -> staff",
    ),
    Page(
        "CPC305",
        "definitions need each other",
        "A definition is made of others, and one of those is made of it, so none of them has a "
        "meaning. The labels show the way round. Chains of more than 64 definitions are refused too.",
        "endpoints a = b or { x }\nendpoints b = a or { y }\ndefault deny ingress for a",
        "endpoints a = b or { x }\nendpoints b = { y }\ndefault deny ingress for a",
    ),
    Page(
        "CPC306",
        "a parameter is not set",
        "A `param` without a default gets its value from the command line: `--param NAME=VALUE`. "
        "Nothing is assumed for one that is missing.",
        "param env\nendpoints web = { env = env }\ndefault deny ingress for web",
        'param env = "prod"\nendpoints web = { env = env }\ndefault deny ingress for web',
    ),
    Page(
        "CPC307",
        "no parameter has this name",
        "`--param NAME=VALUE` sets a `param` that a file of the run declares. A value that sets "
        "nothing is most likely a mistyped name, and the policy would keep its default.",
        "cpc check --param evn=prod policy.cil",
        "cpc check --param env=prod policy.cil",
    ),
    Page(
        "CPC308",
        "a value is of the wrong type",
        "Paths, hosts, topics and names are strings, in quotes; ports and priorities are numbers, "
        "without; a label's value may be either. A constant keeps the type that it was written with. "
        "A value from the command line is a string, and a number too if it is made of digits.",
        'const urgent = "10"\ntier admin priority urgent {\n  deny world -> all tcp/22\n}',
        "const urgent = 10\ntier admin priority urgent {\n  deny world -> all tcp/22\n}",
    ),
    Page(
        "CPC309",
        "a label key cannot be used",
        "Endpoints have labels of the sources `k8s`, `mesos` and `container`; `any`, which is meant "
        "where no source is written, stands for all of them. What other systems write as a "
        "`reserved:` label is an entity here, and what they write as a `cidr:` label is a prefix.",
        'default deny ingress for all\nallow { "reserved:host" } -> all',
        "default deny ingress for all\nallow host -> all",
    ),
    Page(
        "CPC310",
        "a label expression is too large",
        "With every name written out, an expression has at most 10000 parts and 100 levels "
        "inside each other. Names that repeat each other double an expression with every step, without the "
        "text growing.",
        "",
        'endpoints backend = { tier = "backend" }\ndefault deny ingress for backend',
    ),
)
