"""What is nearly an object that means something is an error, in folders too; what is another's is left out."""

import io
import sys
from pathlib import Path

import pytest

from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.read import read

GOOD = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ok}, spec: {podSelector: {}}}"
BODY = "metadata: {name: b}\nspec: {podSelector: {}}\n"
API = "apiVersion: networking.k8s.io/v1\n"

NEARLY = {
    "apiversion in lower case": (
        "CPC703",
        "apiversion: networking.k8s.io/v1\nkind: NetworkPolicy\n",
    ),
    "kind in upper case": ("CPC703", f"{API}Kind: NetworkPolicy\n"),
    "both": ("CPC703", "apiversion: networking.k8s.io/v1\nKind: NetworkPolicy\n"),
    "no apiVersion": ("CPC801", "kind: NetworkPolicy\n"),
    "no kind": ("CPC801", API),
    "a kind in lower case": ("CPC809", f"{API}kind: networkpolicy\n"),
    "a kind with a slip": ("CPC809", f"{API}kind: NetworkPolcy\n"),
    "a kind in the plural": ("CPC809", f"{API}kind: NetworkPolicies\n"),
    "two kinds": ("CPC704", f"{API}kind: ConfigMap\nkind: NetworkPolicy\n"),
    "two versions": ("CPC704", f"apiVersion: v1\nkind: NetworkPolicy\n{API}"),
    "a list as kind": ("CPC801", f"{API}kind: [NetworkPolicy]\n"),
}


def codes(folder: Path, text: str, ending: str = "yaml") -> list[str]:
    """What is said about a folder with this file and one with a policy."""
    (folder / f"a.{ending}").write_text(text)
    (folder / "b.yaml").write_text(GOOD)
    _, _, found = read([str(folder)])
    assert all(d.span is not None and d.help for d in found)
    return [d.code for d in found]


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_an_object(name: str, tmp_path: Path) -> None:
    code, head = NEARLY[name]
    assert codes(tmp_path, head + BODY) == [code]


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (f"items: [{GOOD}, null]", "CPC801"),
        (f"items: [foo, {GOOD}]", "CPC801"),
        ("items: [{apiVersion: v1, Kind: ConfigMap}]", "CPC703"),
        ("items: [{metadata: {name: a}}]", "CPC801"),
        (f"itmes: [{GOOD}]", "CPC703"),
        (f"Items: [{GOOD}]", "CPC703"),
        (f"items: [{GOOD}]\nitems: []", "CPC704"),
        (f"items: [{GOOD}]\nspec: {{}}", "CPC703"),
    ],
)
def test_lists(items: str, code: str, tmp_path: Path) -> None:
    assert codes(tmp_path, f"apiVersion: v1\nkind: List\n{items}\n") == [code]
    _, found = read_inventory([str(tmp_path)], {})
    assert code in [d.code for d in found]


@pytest.mark.parametrize("key", ["endpointSelectr", "endpointselector", "EndpointSelector"])
def test_rules_of_json_with_a_slip_are_rules(key: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(f'[{{"{key}": {{}}, "ingress": [{{}}]}}]')
    units, _, found = read([str(tmp_path)])
    assert len(units) == 1 and not found


@pytest.mark.parametrize(
    "text",
    [
        "kind: pipeline\nname: build\n",
        "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "nodeSelector: {}\ningress: {enabled: false}\nkindOf: x\n",
        "kinds: [a]\nitems: [1, null]\n",
        "kind: PriceList\napiVersion: shop/v1\nitems: [{kind: Price, apiVersion: shop/v1}]\nspec: {}\n",
        "- a\n- {b: c}\n",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
        "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: [a.yaml]}",
    ],
)
def test_files_of_other_programs_are_left_out(text: str, tmp_path: Path) -> None:
    assert codes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("projectcalico.org/v3", "NetworkPolicy"),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy"),
        ("security.istio.io/v1", "AuthorizationPolicy"),
        ("k8s.ovn.org/v1", "EgressFirewall"),
        ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy"),
        ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy"),
        ("example.com/v1", "SpecialPodNetworkPolicy"),
    ],
)
def test_policies_of_other_systems_are_refused(api: str, kind: str, tmp_path: Path) -> None:
    assert codes(tmp_path, f"apiVersion: {api}\nkind: {kind}\n{BODY}") == ["CPC809"]


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("cilium.io/v2alpha1", "CiliumPodIPPool"),
        ("cilium.io/v2alpha1", "CiliumBGPPeeringPolicy"),
        ("cilium.io/v2alpha1", "CiliumCIDRGroup"),
        ("cilium.io/v2", "CiliumLocalRedirectPolicy"),
        ("cilium.io/v2", "CiliumEgressGatewayPolicy"),
        ("crd.projectcalico.org/v1", "IPPool"),
        ("crd.projectcalico.org/v1", "FelixConfiguration"),
        ("projectcalico.org/v3", "StagedNetworkPolicy"),
        ("crd.antrea.io/v1beta1", "ClusterGroup"),
        ("k8s.ovn.org/v1", "AdminPolicyBasedExternalRoute"),
        ("k8s.ovn.org/v1", "EgressIP"),
    ],
)
def test_what_restricts_nothing_is_left_out(api: str, kind: str, tmp_path: Path) -> None:
    assert codes(tmp_path, f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "metadata: {name: ok}\nspec: {podSelector: {}}\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n",
        "# c\nspec:\n  podSelector: {}\nmetadata: {name: a}\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n",
        f"%YAML 1.1\n---\n{GOOD}\n",
        "- endpointSelector: {}\n  ingress: [{}]\n",
        "endpointSelector: {}\ningress: [{}]\n",
        f"\n---\n{GOOD}",
    ],
)
def test_standard_input_is_yaml_where_it_begins_so(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    units, _, found = read(["-"])
    assert len(units) == 1 and not found


def test_standard_input_is_the_language_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# metadata: of nothing\nlanguage 1\nmode default\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    units, _, found = read(["-"])
    assert len(units) == 1 and not found
