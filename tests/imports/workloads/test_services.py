"""Services, the addresses of their backends, and ways in from outside."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import (
    NAMESPACE_KEY,
    ClusterIngress,
    ClusterService,
    Endpoint,
    ServicePort,
)
from cpc.compiler.policy.model import Entity
from tests.imports.workloads.test_inventory import clean

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {team: a}}
spec:
  type: LoadBalancer
  selector: {app: web}
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, "fd00:96::10"]
  externalIPs: [198.51.100.7]
  ports:
    - {name: https, port: 443, targetPort: tls}
    - {name: http, port: 80, targetPort: 8080}
    - {port: 53, protocol: UDP}
status:
  loadBalancer:
    ingress: [{ip: 203.0.113.9}, {hostname: lb.example}, {ip: 203.0.113.8, ipMode: Proxy}]
"""


def test_a_service(tmp_path: Path) -> None:
    own = ("10.96.0.10", "198.51.100.7", "203.0.113.9", "fd00:96::10")
    found = clean(tmp_path, SERVICE)
    assert found.services == (
        ClusterService(
            "shop",
            "web",
            (("team", "a"),),
            (("app", "web"),),
            (
                ServicePort("https", 6, 443, "tls"),
                ServicePort("http", 6, 80, 8080),
                ServicePort("", 17, 53, 53),
            ),
            tuple(map(ip_address, own)),
        ),
    )
    for address in own:
        assert found.party_of(ip_address(address)).entities == frozenset(), "a VIP is not external"
    assert found.party_of(ip_address("203.0.113.8")).entities == {Entity.WORLD}


@pytest.mark.parametrize(
    "spec",
    ["{clusterIP: None}", "{clusterIP: None, clusterIPs: [None]}", '{clusterIP: ""}', "{}", "~"],
)
def test_a_service_without_address(tmp_path: Path, spec: str) -> None:
    text = f"{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {spec}}}"
    assert clean(tmp_path, text).services == (ClusterService("default", "a"),)


def test_a_service_that_stands_for_a_name(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {type: ExternalName, externalName: a.example, selector: {app: a}}
"""
    assert clean(tmp_path, text).services == (
        ClusterService("default", "a", external_name="a.example"),
    )


SLICE = """---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-x, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints:
  - {addresses: [198.51.100.1], conditions: {ready: true}}
  - {addresses: [198.51.100.2]}
  - {addresses: [198.51.100.3], conditions: {ready: false}}
ports: [{name: sql, port: 5432}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-y, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: FQDN
endpoints: [{addresses: [db.example]}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: db, namespace: shop}
subsets:
  - {addresses: [{ip: 198.51.100.2}, {ip: "2001:db8::2"}], notReadyAddresses: [{ip: 198.51.100.4}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {ports: [{port: 5432}]}
"""


def test_addresses_of_backends_come_from_slices_and_endpoints(tmp_path: Path) -> None:
    [db] = clean(tmp_path, SLICE).services
    listed = ("198.51.100.1", "198.51.100.2", "2001:db8::2")
    assert db.selector is None and db.listed == tuple(map(ip_address, listed))


def test_backends_are_selected_by_labels_in_the_namespace_or_listed() -> None:
    def endpoint(namespace: str, app: str, address: str) -> Endpoint:
        told = (Label("k8s", "app", app), Label("k8s", NAMESPACE_KEY, namespace))
        return Endpoint("e", told, (ip_address(address),))

    by_labels = ClusterService("shop", "web", selector=(("app", "web"),))
    assert by_labels.selects(endpoint("shop", "web", "10.0.0.1"))
    assert not by_labels.selects(endpoint("other", "web", "10.0.0.1"))
    assert not by_labels.selects(endpoint("shop", "db", "10.0.0.1"))
    by_address = ClusterService("shop", "web", listed=(ip_address("10.0.0.1"),))
    assert by_address.selects(endpoint("other", "db", "10.0.0.1"))
    assert not by_address.selects(endpoint("shop", "web", "10.0.0.2"))


def test_the_api_server_is_the_backend_of_its_service(tmp_path: Path) -> None:
    text = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.1, 203.0.113.5]}]
---
{apiVersion: v1, kind: Endpoints, metadata: {name: kubernetes}, subsets: [{addresses: [{ip: 192.0.2.1}]}]}
---
apiVersion: v1
kind: Node
metadata: {name: one}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
"""
    found = clean(tmp_path, text)
    both = {Entity.REMOTE_NODE, Entity.KUBE_APISERVER}
    assert found.party_of(ip_address("192.0.2.1")).entities == both
    outside = found.party_of(ip_address("203.0.113.5")).entities
    assert outside == {Entity.KUBE_APISERVER, Entity.WORLD}


INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in, namespace: shop}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: rest, port: {name: http}}}
  tls: [{hosts: [a.example]}]
  rules:
    - host: a.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
          - {path: /x, pathType: Exact, backend: {resource: {kind: Bucket, name: b}}}
    - {host: b.example}
"""

OLD_INGRESS = """
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: in, namespace: shop}
spec:
  backend: {serviceName: rest, servicePort: http}
  rules: [{http: {paths: [{backend: {serviceName: web, servicePort: 80}}]}}]
"""


@pytest.mark.parametrize("text", [INGRESS, OLD_INGRESS], ids=["v1", "v1beta1"])
def test_an_ingress(tmp_path: Path, text: str) -> None:
    assert clean(tmp_path, text).ingresses == (
        ClusterIngress("Ingress", "shop", "in", (("rest", "http"), ("web", 80))),
    )


def test_a_route(tmp_path: Path) -> None:
    text = """
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: in}
spec:
  host: a.example
  port: {targetPort: 8080}
  to: {kind: Service, name: web, weight: 90}
  alternateBackends: [{kind: Service, name: canary, weight: 10}]
  tls: {termination: edge}
---
{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: all}, spec: {to: {name: web}}}
"""
    assert clean(tmp_path, text).ingresses == (
        ClusterIngress("Route", "default", "all", (("web", None),)),
        ClusterIngress("Route", "default", "in", (("canary", 8080), ("web", 8080))),
    )
