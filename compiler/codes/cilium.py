"""Pages of CPC82x: policies of Cilium that are read as policies."""

from cpc.compiler.codes.page import Page

__all__ = ["CILIUM"]

CILIUM: tuple[Page, ...] = (
    Page(
        "CPC820",
        "a word in another case",
        "Cilium's own JSON takes keys, operators and protocols without regard to case, and so did older "
        "versions of Kubernetes with its policies. An API server of today drops or refuses such a word, "
        "so that the policy means something else there: a dropped `HTTP` opens the port to every request.",
        "rules: {HTTP: [{path: /public}]}",
        "rules: {http: [{path: /public}]}",
    ),
    Page(
        "CPC821",
        "an empty list matches nothing",
        "A list of Cilium that is present and empty matches nobody, no port and no request: the rule "
        "isolates its endpoints and allows nothing. A list that is missing does not narrow the rule.",
        "ingress: [{fromEndpoints: []}]",
        "ingress: [{fromEndpoints: [{}]}]",
    ),
    Page(
        "CPC822",
        "a label that no endpoint has in this way",
        "The source of a label (what stands before `:`) is `k8s`, `container`, `mesos` or `any`. Labels of "
        "source `reserved` are entities: such a label stands alone in a selector, without a value and "
        "without a negation. Labels of source `cidr` are addresses.",
        "fromEndpoints: [{matchLabels: {'reserved:host': '', app: web}}]",
        "fromEndpoints: [{matchLabels: {'reserved:host': ''}}, {matchLabels: {app: web}}]",
    ),
    Page(
        "CPC823",
        "fields that do not combine",
        "Cilium refuses a rule with both fields: it says not whether both must match or one of them.",
        "ingress: [{fromCIDR: [192.0.2.0/24], fromEndpoints: [{}]}]",
        "ingress: [{fromCIDR: [192.0.2.0/24]}, {fromEndpoints: [{}]}]",
    ),
    Page(
        "CPC824",
        "a policy about another namespace",
        "A CiliumNetworkPolicy is about the endpoints of its own namespace, whatever its "
        "`endpointSelector` says: Cilium puts the policy's namespace in the place of the other one.",
        "metadata: {name: web, namespace: shop}\n"
        "spec:\n  endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': bank}}",
        "metadata: {name: web, namespace: bank}\nspec:\n  endpointSelector: {}",
    ),
    Page(
        "CPC825",
        "endpoints that are in no namespace",
        "Endpoints without labels (`reserved:init`) and health endpoints are in no namespace. A policy "
        "of a namespace that selects them is read as in Cilium 1.1, as one about all of them; later "
        "versions of Cilium select none.",
        "kind: CiliumNetworkPolicy\nspec: {endpointSelector: {matchLabels: {'reserved:init': ''}}}",
        "kind: CiliumClusterwideNetworkPolicy\n"
        "spec: {endpointSelector: {matchLabels: {'reserved:init': ''}}}",
    ),
    Page(
        "CPC826",
        "something without effect",
        "It stands where nobody reads it, or it says nothing: the policy means the same without it.",
        "kind: CiliumNetworkPolicy\ndescription: the shop",
        "kind: CiliumNetworkPolicy\nspec: {description: the shop, endpointSelector: {}}",
    ),
    Page(
        "CPC827",
        "a Service or a Node that is not known",
        "`toServices` means the endpoints that a Service selects, or the addresses that its "
        "EndpointSlices list; `fromNodes` and `toNodes` mean the addresses of Nodes. The policy does not "
        "say which these are, the manifests of the cluster do.",
        "cpc check policy.yaml",
        "cpc check policy.yaml --inventory manifests",
    ),
    Page(
        "CPC828",
        "a selector that takes what is no endpoint too",
        "The world, hosts and nodes have labels as well, of source `reserved` only. A selector of peers that asks "
        "for no label that is there (`NotIn`, `DoesNotExist`) takes them, unless Cilium adds the namespace: "
        "that it does not do in its JSON, nor where the selector speaks of namespaces itself. A rule that denies "
        "is read so; one that allows is read as endpoints only, which is less.",
        "ingressDeny:\n- fromEndpoints:\n  - matchExpressions:\n"
        "    - {key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [shop]}",
        "ingressDeny:\n- fromEndpoints:\n  - matchExpressions:\n"
        "    - {key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [shop]}\n"
        "    - {key: 'k8s:io.kubernetes.pod.namespace', operator: Exists}",
    ),
)
