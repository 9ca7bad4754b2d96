"""Pages of CPC85x and CPC86x: what a policy says and a kind of objects cannot."""

from cpc.compiler.codes.page import Page

__all__ = ["EXPORTS"]

_WEB = (
    'endpoints web = { "k8s:app" = "web" }\n'
    'policy shop namespace "shop" {\n'
    "  default deny ingress for web\n"
)

_PODS = (
    'endpoints web = { "k8s:io.kubernetes.pod.namespace" = "shop", "k8s:app" = "web" }\n'
    'endpoints ops = { "k8s:io.kubernetes.pod.namespace" = "shop", "k8s:role" = "ops" }\n'
)

EXPORTS: tuple[Page, ...] = (
    Page(
        "CPC850",
        "objects of this kind have no such statement",
        "A NetworkPolicy only allows: `deny` rules, requirements and request parts have no place in it, "
        "nor in the cluster-wide kinds. Tiers are cluster-wide objects, policies are not. `cpc export` "
        "leaves nothing out, so it writes nothing. `--kind auto` picks for each part the kind that "
        "has it.",
        "cpc export --kind networkpolicy policy.cil",
        "cpc export --kind auto policy.cil",
    ),
    Page(
        "CPC851",
        "objects of this kind have no such peer",
        "Each kind has its own peers. A NetworkPolicy has pods and external addresses. Cluster-wide kinds "
        "have pods, and at egress networks (inside the cluster too: `scope any`), all nodes and whole DNS "
        "names. Cilium has endpoints, entities, external addresses and DNS names at egress; its selectors see "
        "the world and nodes too, as long as they ask for no label that only endpoints have.",
        _WEB + "  ingress allow cluster -> web\n}",
        _WEB + '  ingress allow { "k8s:io.kubernetes.pod.namespace" } -> web\n}',
    ),
    Page(
        "CPC852",
        "objects of this kind cannot be about these subjects",
        "A NetworkPolicy is about pods of its own namespace, cluster-wide kinds about pods. `all` and a "
        "selector that asks for no namespace mean endpoints that are no pods too.",
        "tier admin priority 10 {\n  egress deny all -> all tcp/22\n}",
        "tier admin priority 10 {\n"
        '  egress deny { "k8s:io.kubernetes.pod.namespace" } -> all tcp/22\n}',
    ),
    Page(
        "CPC853",
        "selectors of this kind do not see this label",
        "Kubernetes' own kinds see labels of pods and namespaces. A key without a source means the label of "
        "any source, which is more: say `k8s`. Keys and values are those that Kubernetes takes.",
        'policy shop namespace "shop" {\n  default deny ingress for { app = "web" }\n}',
        'policy shop namespace "shop" {\n  default deny ingress for { "k8s:app" = "web" }\n}',
    ),
    Page(
        "CPC854",
        "objects of this kind have no such ports",
        "Kubernetes has ports of tcp, udp and sctp, and no port 0. Cluster-wide kinds name container ports "
        "without a protocol, so `any`, and not where addresses are among the peers. Cilium has ICMP types "
        "besides, without codes.",
        _WEB + "  ingress allow web -> web icmp/3/4\n}",
        _WEB + "  ingress allow web -> web icmp/3\n}",
    ),
    Page(
        "CPC855",
        "a request part that Cilium has not",
        "Cilium's `http` has no expressions for values of headers, and takes an empty value for any. Its "
        "`kafka` has names for older api keys only, and whole topics. Its `dns` is at egress alone, on single "
        "ports.",
        _WEB + '  ingress allow web -> web tcp/80 http { GET "/" header "X-Tenant" ~ "a|b" }\n}',
        _WEB + "  ingress allow web -> web tcp/80 http {\n"
        '    GET "/" header "X-Tenant" = "a"\n    GET "/" header "X-Tenant" = "b"\n  }\n}',
    ),
    Page(
        "CPC856",
        "a NetworkPolicy would isolate this subject",
        "A NetworkPolicy isolates the pods that it selects, in the directions of its rules. Here rules "
        "isolate nobody: a `default deny` does. So a rule can become one only where its whole subject is "
        "isolated anyway.",
        'policy shop namespace "shop" {\n'
        '  default allow ingress for { "k8s:app" = "web" }\n'
        '  ingress allow world -> { "k8s:app" = "web" } tcp/443\n}',
        'policy shop namespace "shop" {\n'
        '  default deny ingress for { "k8s:app" = "web" }\n'
        '  ingress allow world -> { "k8s:app" = "web" } tcp/443\n}',
    ),
    Page(
        "CPC857",
        "no object says this",
        "`staged`, `audit`, `mode` and `allow-host` are about how a policy is enforced. What enforces objects "
        "has settings of its own for that.",
        _WEB + "  staged ingress allow world -> web tcp/8081\n}",
        _WEB + "  ingress allow world -> web tcp/8081\n}",
    ),
    Page(
        "CPC858",
        "an expression has too many alternatives for selectors",
        "Selectors of objects are lists of requirements that all hold. `or`, and `not` before several terms, "
        "become a selector for each alternative; this expression has more than 64.",
        'policy shop namespace "shop" {\n  default deny ingress for '
        + " and ".join(f'({{ "k8s:a{n}" }} or {{ "k8s:b{n}" }})' for n in range(7))
        + "\n}",
        'policy shop namespace "shop" {\n  default deny ingress for { "k8s:group" = "ab" }\n}',
    ),
    Page(
        "CPC859",
        "the order of rules cannot be said with these priorities",
        "A cluster-wide object has one subject, its priority is at most 1000, and which of two objects of one "
        "priority decides is left open by Kubernetes. Rules of different subjects in one block become objects of "
        "one priority: that is only right where they do not disagree about any traffic. The baseline of "
        "v1alpha1 is a single object of one subject.",
        _PODS + "tier admin priority 10 {\n  egress deny web -> all tcp/22\n"
        "  egress allow ops -> all tcp/22\n}",
        _PODS + "tier admin priority 10 { egress deny web -> all tcp/22 }\n"
        "tier admin priority 20 { egress allow ops -> all tcp/22 }",
    ),
    Page(
        "CPC860",
        "an object would have too many rules",
        "A ClusterNetworkPolicy has up to 25 rules of a direction, an AdminNetworkPolicy up to 100. Rules with "
        "many peers or ports may count several times, since those lists are bounded too.",
    ),
    Page(
        "CPC861",
        "a part is left out of the objects",
        "It changes no verdict, and objects have no place for it: `log` asks for events, which whatever enforces "
        "the objects has its own way to make.",
        _PODS + "tier admin priority 10 { egress deny no-ssh: web, ops -> all tcp/22 log }",
        _PODS + "tier admin priority 10 { egress deny no-ssh: web, ops -> all tcp/22 }",
    ),
)
