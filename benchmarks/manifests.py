"""Texts of manifests for measurements, by shape and size: what is long in them differs."""

import json
from collections.abc import Callable, Iterator, Mapping

__all__ = ["SHAPES", "manifest_text"]

_NETWORK_POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
_CILIUM_POLICY = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
_ONE = "metadata: {name: one, namespace: shop}\n"
_EVERY_POD = "spec:\n  podSelector: {}\n"
_EVERY_ENDPOINT = "spec:\n  endpointSelector: {}\n"


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/32"


def _policy(number: int) -> str:
    return (
        f"{_NETWORK_POLICY}metadata:\n  name: p{number}\n  namespace: n{number % 50}\n"
        f"spec:\n  podSelector:\n    matchLabels: {{app: a{number}}}\n  ingress:\n  - from:\n"
        f"    - podSelector: {{matchLabels: {{app: b{number}}}}}\n"
        f"    ports:\n    - port: {1 + number % 60000}\n---\n"
    )


def _alike(number: int) -> str:
    """Two rules of one peer whose name everybody wants."""
    chosen = (
        "{matchLabels: {app: web}, matchExpressions: [{key: rank, operator: NotIn, values: [x%d]}]}"
    )
    peer = f"  - from: [{{podSelector: {chosen % number}}}]\n"
    return peer + peer


def _request(number: int) -> str:
    return json.dumps(
        {
            "endpointSelector": {"matchLabels": {"app": f"a{number}"}},
            "ingress": [
                {
                    "fromEndpoints": [{"matchLabels": {"app": f"b{number}"}}],
                    "toPorts": [
                        {
                            "ports": [{"port": f"{1 + number % 60000}", "protocol": "TCP"}],
                            "rules": {"http": [{"method": "GET", "path": f"/x{number}"}]},
                        }
                    ],
                }
            ],
        }
    )


def _peers(item: Callable[[int], str]) -> tuple[str, Callable[[int], str]]:
    """One policy whose one rule has many peers."""
    return f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n  - from:\n", item


def _egress(item: Callable[[int], str]) -> tuple[str, Callable[[int], str]]:
    return f"{_CILIUM_POLICY}{_ONE}{_EVERY_ENDPOINT}  egress:\n", item


_DNS = (
    f"{_CILIUM_POLICY}{_ONE}{_EVERY_ENDPOINT}  egress:\n"
    "  - toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]\n    toPorts:\n"
    "    - ports: [{port: '53', protocol: ANY}]\n      rules:\n        dns:\n"
)
_HTTP = (
    f"{_CILIUM_POLICY}{_ONE}{_EVERY_ENDPOINT}  ingress:\n  - toPorts:\n"
    "    - ports: [{port: '80', protocol: TCP}]\n      rules:\n        http:\n"
)
_SELECTOR = f"{_NETWORK_POLICY}{_ONE}spec:\n  podSelector:\n"

SHAPES: Mapping[str, tuple[str, Callable[[int], str]]] = {
    "policies": ("", _policy),
    "pods": _peers(lambda n: f"    - podSelector: {{matchLabels: {{app: x{n}}}}}\n"),
    "addresses": _peers(lambda n: f"    - ipBlock: {{cidr: {_address(n)}}}\n"),
    "excepts": (
        (
            f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n"
            "  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n"
        ),
        lambda n: f"        - {_address(n)}\n",
    ),
    "rules": (
        f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n",
        lambda n: (
            f"  - from: [{{podSelector: {{matchLabels: {{app: b{n}}}}}}}]\n"
            f"    ports: [{{port: {1 + n % 65000}}}]\n"
        ),
    ),
    "names-alike": (f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n", _alike),
    "objects-alike": (
        f"{_CILIUM_POLICY}{_ONE}specs:\n",
        lambda _: "- endpointSelector: {matchLabels: {a: b}}\n  ingress: [{fromEntities: [all]}]\n",
    ),
    "fqdns": _egress(
        lambda n: (
            f"  - toFQDNs: [{{matchPattern: '*.b{n}.example.com'}}]\n"
            "    toPorts: [{ports: [{port: '443', protocol: TCP}]}]\n"
        )
    ),
    "ports": (
        f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n  - ports:\n",
        lambda n: (
            f"    - {{port: {1 + n % 65000}, protocol: {('TCP', 'UDP', 'SCTP')[n // 65000 % 3]}}}\n"
        ),
    ),
    "port-names": (
        f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}  ingress:\n  - ports:\n",
        lambda n: f"    - {{port: p{n}, protocol: TCP}}\n",
    ),
    "labels": (f"{_SELECTOR}    matchLabels:\n", lambda n: f"      key{n}: value{n}\n"),
    "label-values": (
        f"{_SELECTOR}    matchExpressions:\n    - key: app\n      operator: In\n      values:\n",
        lambda n: f"      - value{n}\n",
    ),
    "requests": ("[", lambda n: f"{', ' if n else ''}{_request(n)}"),
    "paths": (_HTTP, lambda n: f"        - {{method: GET, path: '/x{n}/[a-z]+(/.*)?'}}\n"),
    "dns": (_DNS, lambda n: f"        - matchPattern: '*.x{n}.example.com'\n"),
    "comments": ("", lambda n: f"# comment {n}\n"),
}
"""What comes first and what comes then, again and again; names stay the same over releases."""

_LAST = {"requests": "]\n", "comments": f"{_NETWORK_POLICY}{_ONE}{_EVERY_POD}"}


def manifest_text(shape: str, size: int) -> str:
    """A valid text of one shape with about so many characters."""
    return "".join(_parts(shape, size))


def _parts(shape: str, size: int) -> Iterator[str]:
    first, item = SHAPES[shape]
    yield first
    length, number = len(first), 0
    while length < size:
        part = item(number)
        yield part
        length, number = length + len(part), number + 1
    yield _LAST.get(shape, "")
