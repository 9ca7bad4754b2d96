"""`unreachable-backend`: a service that sends its traffic where it cannot arrive."""

from collections.abc import Iterator

from msgspec.structs import replace

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.rule import Material, Rule
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Action, Direction, Mode, Policy, Protocol, Selector
from cpc.compiler.policy.semantics import (
    Reason,
    Verdict,
    decide_terms,
    selects,
    without_staged,
)
from cpc.compiler.policy.services import Service

__all__ = ["RULE"]


def check(material: Material) -> Iterator[Diagnostic]:
    """Speaks of a service if nobody in the inventory is a backend of it, or of a port of it if no ingress
    of any of its backends is allowed on the target, the local host's aside.
    """
    policy = without_staged(material.policy)
    known: dict[tuple[Selector, int, int], bool] = {}
    for service in material.definitions.services:
        everyone = tuple(dict.fromkeys(t for b in service.backends for t in b.selector))
        if material.inventory is not None and not _backed(everyone, material.inventory):
            yield _nobody(service)
            continue
        for port in service.ports:
            if isinstance(port.target, str):
                continue
            key = (everyone, port.protocol, port.target)
            if key not in known:
                known[key] = _reachable(policy, everyone, port.protocol, port.target)
            if not known[key]:
                yield _closed(service, port.protocol, port.port, port.target)


def _backed(backends: Selector, inventory: Inventory) -> bool:
    return any(party_selected(endpoint.party(), backends) for endpoint in inventory.endpoints)


def _reachable(policy: Policy, backends: Selector, protocol: int, port: int) -> bool:
    """Unsatisfiable, and so False, iff no connection to a backend on a port is allowed by its ingress.

    True where the solver cannot tell: nothing is claimed then.
    """
    open_by_default = policy.mode is not Mode.ALWAYS and not policy.isolations
    if policy.mode is Mode.NEVER or (
        open_by_default and all(r.action is not Action.DENY for r in policy.rules)
    ):
        return True
    from cpc.compiler.verify.encode import FlowVariables
    from cpc.compiler.verify.encode_party import SOLVER
    from cpc.compiler.verify.solve import Holds, never
    from cpc.compiler.verify.vocabulary import policy_vocabulary

    about = _about(policy, protocol, port)
    vocabulary = policy_vocabulary(about)
    vocabulary.add_selector(backends)
    flow = FlowVariables(vocabulary)
    allowed = [
        guard
        for guard, decision in decide_terms(SOLVER, about, flow)
        if decision.verdict is Verdict.ALLOW and decision.reason not in (Reason.SELF, Reason.HOST)
    ]
    answer = never(
        flow.consistent(),
        flow.ingress,
        flow.protocol == protocol,
        flow.port == port,
        selects(SOLVER, flow.subject, backends),
        SOLVER.some(allowed),
    )
    return not isinstance(answer, Holds)


def _about(policy: Policy, protocol: int, port: int) -> Policy:
    """The policy with those statements only that can decide ingress on a port."""
    rules = (
        rule
        for rule in policy.rules
        if rule.direction is Direction.INGRESS
        and (
            rule.ports is None
            or any(p.protocol == protocol and p.low <= port <= p.high for p in rule.ports)
        )
    )
    isolations = (i for i in policy.isolations if i.direction is Direction.INGRESS)
    needs = (r for r in policy.requirements if r.direction is Direction.INGRESS)
    return replace(
        policy, rules=tuple(rules), isolations=tuple(isolations), requirements=tuple(needs)
    )


def _nobody(service: Service) -> Diagnostic:
    return warning(
        "CPC212",
        f"no endpoint of the inventory is a backend of service `{service.name}`",
        service.origin.span,
        help="check the labels of its `backends`",
    )


def _closed(service: Service, protocol: int, port: int, target: int) -> Diagnostic:
    word = Protocol(protocol).name.lower()
    return warning(
        "CPC212",
        f"service `{service.name}` sends {word}/{port} to backends that nobody may reach",
        service.origin.span,
        label=f"their ingress on {word}/{target} is always denied",
        help=f"allow {word}/{target} to them, or correct the target: policies see the backend's port, "
        "never the service's",
    )


RULE = Rule(
    Page(
        "CPC212",
        "a service has backends that cannot be reached",
        "No connection that the service passes on is allowed by the ingress of its backends: the target "
        "port is another than the one that rules open, or nothing opens it. Policies see the backend's "
        "port, never the service's. With an inventory it is also said where no endpoint is a backend.",
        'endpoints web = { app = "web" }\ndefault deny ingress for web\nallow world -> web tcp/80\n'
        "service site {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web\n}",
        'endpoints web = { app = "web" }\ndefault deny ingress for web\nallow world -> web tcp/8080\n'
        "service site {\n  vip 10.96.0.10\n  port tcp/80 -> 8080\n  backends web\n}",
        "unreachable-backend",
    ),
    Severity.WARNING,
    check,
)
