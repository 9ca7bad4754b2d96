"""Labels of namespaces, as an inventory has them."""

from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, Inventory

__all__ = ["namespace_labels", "of_namespace"]


def of_namespace(key: str) -> bool:
    """Whether a label key (source k8s) speaks of an endpoint's namespace."""
    return key.startswith((NAMESPACE_KEY, NAMESPACE_LABELS))


def namespace_labels(inventory: Inventory) -> list[dict[str, str]]:
    """The labels of every namespace as its pods have them: of those described, and of endpoints'."""
    described = [
        {
            NAMESPACE_KEY: namespace.name,
            **{f"{NAMESPACE_LABELS}{key}": value for key, value in namespace.labels},
        }
        for namespace in inventory.namespaces
    ]
    lived_in = [
        {
            label.key: label.value
            for label in endpoint.labels
            if label.source == "k8s" and of_namespace(label.key)
        }
        for endpoint in inventory.endpoints
    ]
    return [*described, *lived_in]
