"""Names that imports give: numbers go on where they were, and what is named stays the same."""

from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.imports.identifiers import free_name
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.imports.readable import readable, selectors_too_large
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.policy.resolve_labels import MAX_PARTS
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file

HEAD = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: one, namespace: shop}
spec:
"""


def imported(text: str) -> tree.File:
    manifests, said = read_manifests(SourceFile("policy.yaml", text), named=True)
    (file,), found = import_units([manifests], None)
    assert [*said, *found] == []
    return file


@given(st.lists(st.sampled_from(["a", "b", "a-2", "a-3", "b-2-2", "b-2"]), max_size=30))
def test_what_is_remembered_changes_no_name(wanted: list[str]) -> None:
    def names(tried: dict[str, int] | None) -> list[str]:
        taken = {"a-2"}
        given: list[str] = []
        for name in wanted:
            given.append(free_name(name, taken, {"b"}, tried=tried))
            taken.add(given[-1])
        return given

    assert names({}) == names(None)


def test_selectors_whose_names_are_alike_are_numbered_in_the_order_of_their_use() -> None:
    rules = [
        "  - from: [{podSelector: {matchLabels: {app: web}, matchExpressions: "
        f"[{{key: rank, operator: NotIn, values: [x{number}]}}]}}}}]\n"
        for number in range(3)
    ]
    text = f"{HEAD}  podSelector: {{}}\n  ingress:\n{''.join(rules * 2)}"
    (file,) = readable([imported(text)])
    names = [s.name.text for s in file.statements if isinstance(s, tree.EndpointsDef)]
    assert names == ["web", "web-2", "web-3"]
    assert format_file(file).count("allow web-3 -> ") == 2


def test_a_selector_that_the_language_refuses_is_refused_before_it_is_written() -> None:
    labels = "".join(f"      k{number}: v\n" for number in range(MAX_PARTS))
    file = imported(f"{HEAD}  podSelector:\n    matchLabels:\n{labels}  ingress: [{{}}]\n")
    found = selectors_too_large([file])
    assert found == resolve([file], {})[2][:1]
    assert [d.code for d in found] == ["CPC310"]
