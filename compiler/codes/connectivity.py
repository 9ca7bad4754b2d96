"""Pages of CPC73x: answers about everybody that an inventory knows."""

from cpc.compiler.codes.page import Page

__all__ = ["CONNECTIVITY"]

CONNECTIVITY: tuple[Page, ...] = (
    Page(
        "CPC730",
        "nobody to answer about",
        "A list of who may talk to whom needs to know who there is: an inventory of cpc's own, or "
        "manifests of workloads. Where `--inventory` is not given, the workloads among the policy files are "
        "taken; here are none.",
        "cpc connectivity policy.cil",
        "cpc connectivity policy.cil --inventory inventory.yaml",
    ),
    Page(
        "CPC731",
        "pods on the network of their node",
        "Kubernetes leaves open whether policies reach pods with `hostNetwork: true`, for they have the "
        "address of their node. The list shows what holds where they do. Where they do not, such a pod is "
        "its node: nothing is denied to it by a policy about itself.",
        "spec: {hostNetwork: true}",
        "spec: {hostNetwork: false}",
    ),
    Page(
        "CPC732",
        "addresses behind DNS names are not listed",
        "Which addresses a name has is known only when it is resolved. The list shows what holds for "
        "external addresses that no name in the policy resolves to.",
        "egress allow pay: orders -> stripe tcp/443",
        "egress allow pay: orders -> gateway-addresses tcp/443",
    ),
)
