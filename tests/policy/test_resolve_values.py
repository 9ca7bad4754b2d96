"""Names, constants, label expressions, addresses and ports: what each written form resolves to."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    Everything,
    Has,
    In,
    LabelExpr,
    LabelKey,
    Not,
    PortRange,
)
from cpc.compiler.policy.names import collect
from cpc.compiler.policy.resolve_labels import LabelExprs
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from tests.policy.resolving import clean, codes, half
from tests.policy.term_strategies import label_sets

APP = LabelKey("any", "app")
HERE = Span("test.cil", 0, 1, 1, 1)

# --- labels ------------------------------------------------------------------------------------


def subject(text: str) -> LabelExpr:
    term = clean(f"default deny ingress for {text}").isolations[0].subject[0]
    assert isinstance(term, EndpointTerm)
    return term.expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("{}", Everything()),
        ("{ app }", Has(APP)),
        ("{ not app }", Not(Has(APP))),
        ('{ app = "web" }', In(APP, ("web",))),
        ('{ app != "web" }', Not(In(APP, ("web",)))),
        ('{ app in ("b", "a", "b") }', In(APP, ("a", "b"))),
        ('{ app in ("b", 10, 9) }', In(APP, ("10", "9", "b"))),
        ('{ app not in ("b", "a") }', Not(In(APP, ("a", "b")))),
        ('{ app = "a", env }', AllOf((In(APP, ("a",)), Has(LabelKey("any", "env"))))),
        ("{ app } and not { app }", AllOf((Has(APP), Not(Has(APP))))),
        ("{ app } or { env }", AnyOf((Has(APP), Has(LabelKey("any", "env"))))),
        ("{} or { app }", Everything()),
        ("not (not { app })", Has(APP)),
        ('{ "k8s:app" }', Has(LabelKey("k8s", "app"))),
        ('{ "any:app" }', Has(APP)),
        ('{ "container:a:b" }', Has(LabelKey("container", "a:b"))),
        ('{ "mesos:x" }', Has(LabelKey("mesos", "x"))),
        ('{ "app.kubernetes.io/name" }', Has(LabelKey("any", "app.kubernetes.io/name"))),
        ('{ "team:web" }', Has(LabelKey("any", "team:web"))),
        ('{ world = "x" }', In(LabelKey("any", "world"), ("x",))),
    ],
)
def test_label_expressions(text: str, expr: LabelExpr) -> None:
    assert subject(text) == expr


_keys = st.sampled_from(["app", "env"])
_values = st.sampled_from(["a", "b"])


def _term(key: str, op: str, values: list[str]) -> tree.LabelTerm:
    texts = tuple(tree.Text(v, HERE) for v in values)
    return tree.LabelTerm(tree.Name(key, HERE), op, texts, HERE)


_terms = st.one_of(
    st.builds(_term, _keys, st.sampled_from(["exists", "absent"]), st.just([])),
    st.builds(
        _term, _keys, st.sampled_from(["=", "!="]), st.lists(_values, min_size=1, max_size=1)
    ),
    st.builds(_term, _keys, st.sampled_from(["in", "not-in"]), st.lists(_values, max_size=2)),
)
_trees: st.SearchStrategy[tree.Expr] = st.recursive(
    st.lists(_terms, max_size=3).map(lambda t: tree.Labels(tuple(t), HERE)),
    lambda inner: st.one_of(
        st.builds(tree.LabelAnd, inner, inner, st.just(HERE)),
        st.builds(tree.LabelOr, inner, inner, st.just(HERE)),
        st.builds(tree.LabelNot, inner, st.just(HERE)),
    ),
    max_leaves=6,
)


def _expression(written: tree.Expr) -> "LabelExpr | None":
    scope = collect([], {}, None)
    assert not isinstance(written, tree.Name | tree.CidrRef)
    return LabelExprs(scope, Values(scope)).expression(written)


def test_deep_expressions_are_refused_and_never_crash() -> None:
    written: tree.Expr = tree.Labels((), HERE)
    for _ in range(5000):
        written = tree.LabelNot(written, HERE)
    assert _expression(written) is None


def holds(expr: tree.Expr, labels: frozenset[Label]) -> bool:
    """The meaning as written, by hand."""
    match expr:
        case tree.Labels(terms):
            return all(_term_holds(t, labels) for t in terms)
        case tree.LabelAnd(left, right):
            return holds(left, labels) and holds(right, labels)
        case tree.LabelOr(left, right):
            return holds(left, labels) or holds(right, labels)
        case tree.LabelNot(operand):
            return not holds(operand, labels)
        case _:
            raise AssertionError(expr)


def _term_holds(term: tree.LabelTerm, labels: frozenset[Label]) -> bool:
    assert isinstance(term.key, tree.Name)
    present = {label.value for label in labels if label.key == term.key.text}
    wanted = {v.value for v in term.values if isinstance(v, tree.Text)}
    return {
        "exists": bool(present),
        "absent": not present,
        "=": bool(present & wanted),
        "in": bool(present & wanted),
        "!=": not present & wanted,
        "not-in": not present & wanted,
    }[term.op]


@settings(max_examples=300)
@given(_trees, label_sets)
def test_a_resolved_expression_means_what_is_written(
    written: tree.Expr, labels: frozenset[Label]
) -> None:
    expr = _expression(written)
    assert expr is not None
    party = Party("e", True, labels)
    assert party_selected(party, (EndpointTerm(expr),)) is holds(written, labels)


def test_long_conjunctions_need_no_deep_stack() -> None:
    written: tree.Expr = tree.Labels((_term("app", "exists", []),), HERE)
    for n in range(1, 3000):
        written = tree.LabelOr(written, tree.Labels((_term("app", "=", [str(n)]),), HERE), HERE)
    expr = _expression(written)
    assert isinstance(expr, AnyOf) and len(expr.operands) == 3000


def test_doubling_definitions_are_refused() -> None:
    lines = ["endpoints e0 = { a }"]
    for n in range(40):
        lines.append(f'endpoints e{n + 1} = (e{n} and {{ k = "{n}" }}) or (e{n} and {{ l }})')
    lines.append("default deny ingress for e40")
    assert "CPC310" in {code for code, _ in codes("\n".join(lines))}


def test_backward_chains_of_definitions_are_bounded() -> None:
    lines = [f"endpoints e{n} = e{n + 1}" for n in range(500)]
    lines += ["endpoints e500 = { a }", "default deny ingress for e0"]
    assert {code for code, _ in codes("\n".join(lines))} == {"CPC305"}
    assert codes("\n".join(["default deny ingress for e0", *reversed(lines[:-1])])) == []


# --- constants ---------------------------------------------------------------------------------


def test_constants_and_parameters() -> None:
    text = """
const app = "web"
const alias = app
const low = 8000
param high = 8099
param env
endpoints web = { app = alias, env = env }
default deny ingress for web
allow world -> web tcp/{low, 8000-high}
"""
    policy = clean(text, params={"env": "prod", "high": "8001"})
    rule = half(policy, "ingress")
    assert rule.ports == (PortRange(6, 8000, 8000), PortRange(6, 8000, 8001))
    assert rule.subject == (
        EndpointTerm(AllOf((In(APP, ("web",)), In(LabelKey("any", "env"), ("prod",))))),
    )


def test_a_digit_parameter_is_a_string_where_one_is_needed() -> None:
    text = "param v\nendpoints web = { version = v }\ndefault deny ingress for web"
    policy = clean(text, params={"v": "2"})
    assert policy.isolations[0].subject == (EndpointTerm(In(LabelKey("any", "version"), ("2",))),)


# --- addresses ---------------------------------------------------------------------------------


def peers(text: str, before: str = "") -> tuple[object, ...]:
    return half(
        clean(f"{before}\ndefault deny ingress for all\nallow {text} -> all"), "ingress"
    ).peers


V4 = IPv4Network


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1", (Cidr(V4("10.0.0.1/32")),)),
        ("2001:db8::1", (Cidr(IPv6Network("2001:db8::1/128")),)),
        ("10.0.0.0/8", (Cidr(V4("10.0.0.0/8")),)),
        ("0.0.0.0/0, ::/0", (Cidr(V4("0.0.0.0/0")), Cidr(IPv6Network("::/0")))),
        (
            "[10.0.0.0/8 except [10.2.0.0/16, 10.1.0.0/16], fd00::/8]",
            (
                Cidr(V4("10.0.0.0/8"), (V4("10.1.0.0/16"), V4("10.2.0.0/16"))),
                Cidr(IPv6Network("fd00::/8")),
            ),
        ),
        ("scope any [10.0.0.0/8]", (Cidr(V4("10.0.0.0/8"), (), True),)),
    ],
)
def test_addresses(text: str, found: tuple[Cidr, ...]) -> None:
    assert peers(text) == found


def test_nested_address_sets_keep_order_and_scope() -> None:
    before = """
cidr inner = [10.1.0.0/16, 10.1.0.0/16]
cidr open = scope any [10.2.0.0/16]
cidr outer = [10.3.0.0/16, inner, open]
cidr wide = scope any [inner]"""
    assert peers("outer", before) == (
        Cidr(V4("10.3.0.0/16")),
        Cidr(V4("10.1.0.0/16")),
        Cidr(V4("10.2.0.0/16"), (), True),
    )
    assert peers("wide", before) == (Cidr(V4("10.1.0.0/16"), (), True),)


@given(st.ip_addresses(), st.integers(0, 128))
@settings(max_examples=60)
def test_a_prefix_is_taken_exactly_if_no_bit_is_set_after_its_length(
    address: object, length: int
) -> None:
    network = ip_network(f"{address}/{min(length, 32) if '.' in str(address) else length}", False)
    text = f"default deny ingress for all\nallow {address}/{network.prefixlen} -> all"
    mapped = IPv6Network("::ffff:0:0/96")
    if network.version == 6 and IPv6Network(str(network)).subnet_of(mapped):
        whole = str(network.network_address) == str(address)
        assert codes(text)[0][0] in ({"CPC311"} if whole else {"CPC311", "CPC312"})
    elif str(network.network_address) == str(address):
        assert half(clean(text), "ingress").peers == (Cidr(network),)
    else:
        assert codes(text) == [("CPC312", 2)]


# --- ports -------------------------------------------------------------------------------------


def ports(text: str, before: str = "") -> tuple[PortRange, ...] | None:
    return half(
        clean(f"{before}\ndefault deny ingress for all\nallow world -> all {text}"), "ingress"
    ).ports


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("tcp", [PortRange(6)]),
        ("tcp/80", [PortRange(6, 80, 80)]),
        ("tcp/{443, 8000-8099, 443}", [PortRange(6, 443, 443), PortRange(6, 8000, 8099)]),
        ("udp/53, tcp/53", [PortRange(6, 53, 53), PortRange(17, 53, 53)]),
        ("any/53", [PortRange(6, 53, 53), PortRange(17, 53, 53), PortRange(132, 53, 53)]),
        ("any", [PortRange(6), PortRange(17), PortRange(132)]),
        ("sctp/1-65535", [PortRange(132, 1, 65535)]),
        ("icmp", [PortRange(1)]),
        ("icmp/echo-request", [PortRange(1, 0x800, 0x8FF)]),
        ("icmpv6/echo-request", [PortRange(58, 0x8000, 0x80FF)]),
        ("icmp/3/1", [PortRange(1, 0x301, 0x301)]),
        ("icmpv6/255/255", [PortRange(58, 0xFFFF, 0xFFFF)]),
        ("icmp/{0, 8}", [PortRange(1, 0, 0xFF), PortRange(1, 0x800, 0x8FF)]),
        ("proto/47", [PortRange(47)]),
        ("proto/6", [PortRange(6)]),
        ("proto/{50, 51}", [PortRange(50), PortRange(51)]),
        ("web, dns", [PortRange(6, 80, 80), PortRange(6, 443, 443), PortRange(17, 53, 53)]),
    ],
)
def test_ports(text: str, found: list[PortRange] | None) -> None:
    before = "port web = http, tcp/443\nport http = tcp/80\nport dns = udp/53"
    assert ports(text, before) == (None if found is None else tuple(found))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tcp/0", "CPC320"),
        ("tcp/65536", "CPC320"),
        ("icmp/256", "CPC320"),
        ("icmp/3/256", "CPC320"),
        ("proto/256", "CPC320"),
        ("tcp/80-79", "CPC321"),
        ("proto", "CPC322"),
        ("icmp/echo", "CPC323"),
        ("icmpv6/source-quench", "CPC323"),
        ('tcp/"80"', "CPC324"),
        ('tcp/"HTTP"', "CPC324"),
        ('tcp/"a-name-that-is-too-long"', "CPC324"),
        ("htpt", "CPC301"),
        ("web", "CPC304"),
    ],
)
def test_ports_that_are_refused(text: str, code: str) -> None:
    before = 'const web = "x"\nport http = tcp/80'
    found = codes(f"{before}\ndefault deny ingress for all\nallow world -> all {text}")
    assert (code, 4) in found
