"""Request matchers: every fact that a proxy must share with them, stated one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import (
    OPAQUE,
    DnsQuery,
    Flow,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Party,
    Request,
)
from cpc.compiler.policy.kafka import ROLES
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Direction,
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    Isolation,
    KafkaMatch,
    L7Match,
    Matcher,
    Policy,
    Rule,
    Tier,
)
from cpc.compiler.policy.requests import TOPICLESS_API_KEYS, name_matches, request_matches
from cpc.compiler.policy.semantics import Verdict
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.policy.strategies import origin


def _http(
    method: str | None = None,
    path: str | None = None,
    host: str | None = None,
    headers: tuple[HeaderMatch, ...] = (),
    any_query: bool = False,
) -> HttpMatch:
    return HttpMatch(method, path, host, headers, any_query)


# --- http --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "any_query", "asked", "matches"),
    [
        ("/a", False, "/a", True),
        ("/a", False, "/a?x=1", False),
        ("/a", True, "/a?x=1", True),
        ("/a", True, "/a?", True),
        ("/a", True, "/a?x=?/b", True),
        ("/a", True, "/ab", False),
        ("/a[?]x=1", False, "/a?x=1", True),
        ("/a[?]x=1", True, "/a?x=1", False),
        ("/a|/b", False, "/b", True),
        ("/a|/b", False, "/a/b", False),
        ("/a", False, "/A", False),
        ("/a$", False, "/a\n", False),
        ("a", False, "/a", False),
        ("/.*", False, "/a\nb", False),
    ],
)
def test_a_path_is_matched_whole_with_its_query_unless_any_query(
    path: str, any_query: bool, asked: str, matches: bool
) -> None:
    matcher = _http(path=path, any_query=any_query)
    assert request_matches(matcher, HttpRequest("GET", asked)) is matches


def test_methods_are_case_sensitive() -> None:
    assert request_matches(_http(method="GET"), HttpRequest("GET", "/"))
    assert not request_matches(_http(method="GET"), HttpRequest("get", "/"))
    assert not request_matches(_http(method="GET"), HttpRequest("GETS", "/"))


@pytest.mark.parametrize(
    ("host", "expression"),
    [
        ("Shop.Example", r"shop\.example"),
        ("shop.example:8080", r"shop\.example"),
        ("shop.example.", r"shop\.example"),
        ("shop.example.:80", r"shop\.example"),
        ("shop.example:", r"shop\.example"),
        ("[::1]:80", r"\[::1\]"),
        ("[::1]", r"\[::1\]"),
        ("[FD00::A]:80", r"\[fd00::a\]"),
        ("", ""),
    ],
)
def test_a_host_is_lower_case_without_port_and_trailing_dot(host: str, expression: str) -> None:
    assert request_matches(_http(host=expression), HttpRequest("GET", "/", host))


@pytest.mark.parametrize("host", ["shop.example..", "shop.example:80:80", "shop.example:x", "x"])
def test_a_malformed_host_is_no_other_host(host: str) -> None:
    assert not request_matches(_http(host=r"shop\.example"), HttpRequest("GET", "/", host))


@pytest.mark.parametrize(
    ("op", "value", "sent", "matches"),
    [
        ("present", "", ("",), True),
        ("present", "", (), False),
        ("=", "shop", ("shop",), True),
        ("=", "shop", ("Shop",), False),
        ("=", "", (), False),
        ("~", "sh.p", ("shop",), True),
        ("~", "sh", ("shop",), False),
        ("~", ".*", (), False),
        ("=", "shop", ("shop", "bank"), False),
        ("=", "shop,bank", ("shop", "bank"), True),
        ("~", "shop", ("bank", "shop"), False),
    ],
)
def test_a_header_sent_twice_is_one_value_with_a_comma(
    op: str, value: str, sent: tuple[str, ...], matches: bool
) -> None:
    """CVE-2020-25017: a second value must not slip past a match on the first."""
    matcher = _http(headers=(HeaderMatch("X-Tenant", op, value),))
    request = HttpRequest("GET", "/", "", tuple(("x-tenant", v) for v in sent))
    assert request_matches(matcher, request) is matches


# --- grpc --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "one", "every"),
    [
        (HttpRequest("POST", "/pkg.Shop/Buy"), True, True),
        (HttpRequest("POST", "/pkg.Shop/Sell"), False, True),
        (HttpRequest("GET", "/pkg.Shop/Buy"), False, False),
        (HttpRequest("POST", "/pkg.Shop/Buy/x"), False, False),
        (HttpRequest("POST", "/pkg.Shop/"), False, False),
        (HttpRequest("POST", "/pkg.Shop"), False, False),
        (HttpRequest("POST", "/pkg.Shop/Buy?x"), False, False),
        (HttpRequest("POST", "pkg.Shop/Buy"), False, False),
        (HttpRequest("POST", "//pkg.Shop/Buy"), False, False),
        (HttpRequest("POST", "/pkg.ShopX/Buy"), False, False),
    ],
)
def test_grpc_is_post_of_service_and_method(request_: HttpRequest, one: bool, every: bool) -> None:
    assert request_matches(GrpcMatch("pkg.Shop", "Buy"), request_) is one
    assert request_matches(GrpcMatch("pkg.Shop", None), request_) is every


# --- kafka -------------------------------------------------------------------------------------


def _kafka(*elements: KafkaElement) -> KafkaRequest:
    return KafkaRequest(elements)


_TOPIC = KafkaMatch(None, None, None, "orders")


@pytest.mark.parametrize("key", [3, 0, 1, 9, 19, 20, 29, 30, 31, 32, 33, 44, 58, 93, 400, -1])
def test_a_topic_rule_does_not_match_a_null_topic_list(key: int) -> None:
    """Of keys that may name a topic (Metadata; ACLs and configurations of one) or are unknown."""
    assert not request_matches(_TOPIC, _kafka(KafkaElement(key, 0, "", None)))


@pytest.mark.parametrize("key", sorted(TOPICLESS_API_KEYS))
def test_a_topic_rule_matches_keys_that_never_carry_a_topic(key: int) -> None:
    assert request_matches(_TOPIC, _kafka(KafkaElement(key, 0, "", None)))
    assert not request_matches(_TOPIC, _kafka(KafkaElement(key, 0, "", "other")))


@pytest.mark.parametrize("key", [0, 3, 29, 400])
def test_a_rule_without_topic_matches_an_element_without_topic(key: int) -> None:
    assert request_matches(
        KafkaMatch(None, None, None, None), _kafka(KafkaElement(key, 0, "", None))
    )


def test_roles_are_the_keys_that_the_language_promises() -> None:
    assert ROLES["produce"] == {0, 3, 18}
    assert ROLES["consume"] == {1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18}


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("orders", "orders", True),
        ("orders", "orders.eu", False),
        ("orders", "Orders", False),
        ("orders.*", "orders.eu", True),
        ("orders.*", "orders.", True),
        ("orders.*", "ordersx", False),
        ("*", "anything", True),
        ("*", "", True),
    ],
)
def test_a_star_at_the_end_of_a_topic_is_a_prefix(pattern: str, topic: str, matches: bool) -> None:
    element = KafkaElement(0, 0, "", topic)
    assert request_matches(KafkaMatch(None, None, None, pattern), _kafka(element)) is matches


def _allows(*matchers: Matcher, protocol: str) -> Policy:
    rules = tuple(
        Rule(Direction.INGRESS, Action.ALLOW, Tier.NORMAL, 0, 0, 0, ALL, ALL, None,
             L7Match(protocol, (matcher,)), False, False, origin(n, f"r{n}"))
        for n, matcher in enumerate(matchers)
    )  # fmt: skip
    isolated = Isolation(Direction.INGRESS, ALL, False, origin(99, "isolated"))
    return Policy(rules, (isolated,))


_FLOW = Flow(Party("broker", True), Party("etl", True), Direction.INGRESS, 4, 6, 9092)


def test_a_kafka_request_is_allowed_iff_every_element_is_each_by_its_own_rule() -> None:
    policy = _allows(
        KafkaMatch(ROLES["produce"], None, None, "orders"),
        KafkaMatch(ROLES["produce"], None, "etl", "audit"),
        protocol="kafka",
    )
    orders, audit = KafkaElement(0, 7, "etl", "orders"), KafkaElement(0, 7, "etl", "audit")
    stranger = KafkaElement(0, 7, "web", "audit")
    assert decide(policy, _FLOW, _kafka(orders, audit)).verdict is Verdict.ALLOW
    denied = decide(policy, _FLOW, _kafka(orders, stranger))
    assert denied.verdict is Verdict.DENY
    assert denied.rule is not None and denied.rule.name == "isolated"
    assert decide(policy, _FLOW, _kafka(audit, stranger, orders)).verdict is Verdict.DENY


# --- dns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("api.stripe.com", "api.stripe.com", True),
        ("api.stripe.com", "apixstripe.com", False),
        ("*.stripe.com", "api.stripe.com", True),
        ("*.stripe.com", "stripe.com", False),
        ("*.stripe.com", "a.b.stripe.com", False),
        ("*.stripe.com", ".stripe.com", True),
        ("*.stripe.com", "a_b-c.stripe.com", True),
        ("*.stripe.com", "é.stripe.com", False),
        ("api*.stripe.com", "api.stripe.com", True),
        ("api*.stripe.com", "api-2.stripe.com", True),
        ("*", "a.b.c", True),
        ("*", "", True),
        ("*.*", "a.b", True),
        ("*.*", "a.b.c", False),
        ("stripe.com", "stripe.com\n", False),
        ("**.stripe.com", "api.stripe.com", True),
        ("**.stripe.com", "a.b.stripe.com", True),
        ("**.stripe.com", "stripe.com", False),
        ("**.stripe.com", ".stripe.com", False),
        ("**.stripe.com", "a..stripe.com", False),
        ("**.stripe.com", "apistripe.com", False),
        ("**.a*.com", "x.y.ab.com", True),
        ("a**.com", "a.b.com", False),
    ],
)
def test_a_star_in_a_dns_name_stays_inside_its_label(
    pattern: str, name: str, matches: bool
) -> None:
    """Cilium's matchPattern: `*` is `[-a-zA-Z0-9_]*`, and alone every name."""
    assert name_matches(pattern, name) is matches
    assert request_matches(DnsMatch(pattern), DnsQuery(name)) is matches


# --- all ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=st.data())
def test_opaque_bytes_and_other_protocols_match_nothing(protocol: str, data: st.DataObject) -> None:
    for matcher in data.draw(l7_matches(protocol)).matchers:
        assert not request_matches(matcher, OPAQUE)
        other: Request = data.draw(requests("dns" if protocol == "http" else "http"))
        strange = isinstance(other, KafkaRequest | DnsQuery)
        if isinstance(matcher, HttpMatch | GrpcMatch) and strange:
            assert not request_matches(matcher, other)
        if isinstance(matcher, KafkaMatch | DnsMatch) and isinstance(other, HttpRequest):
            assert not request_matches(matcher, other)
