"""A resolved policy as objects of a kind, or everything that cannot be said in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from cpc.compiler.diagnostics import Diagnostics, error, has_errors, warning
from cpc.compiler.exports.bundles import Isolated, Source, Statement, isolated, sources, written
from cpc.compiler.exports.cilium import cilium_policy, cilium_rules
from cpc.compiler.exports.cluster_policy import cluster_policies
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.exports.names import Names
from cpc.compiler.exports.network_policy import network_policies
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.exports.text import json_text, yaml_text
from cpc.compiler.policy.model import Mode, Policy, Tier
from cpc.compiler.policy.semantics import without_staged
from cpc.compiler.syntax import tree

__all__ = ["export"]


def export(
    policy: Policy, kind: Kind, files: Sequence[tree.File] = ()
) -> tuple[str | None, Diagnostics]:
    """The text of the objects; None where something cannot be said: all of it is in the diagnostics.

    `files` are where the policy was written, for the places of what holds for the whole run.

    The objects mean what the policy means, of pods and other endpoints with whatever labels. Errors are
    CPC85x and CPC860, warnings CPC861.
    """
    common = Refusals(kind)
    _of_no_object(policy, files, common)
    enforced = without_staged(policy)
    names = Names()
    tiers, found = _tiers(enforced, kind, names)
    diagnostics = [*common.diagnostics, *found]
    documents = list(tiers)
    closed = isolated(enforced)
    for source in sources(enforced):
        objects, found = _source(source, closed, kind, names)
        documents += objects
        diagnostics += found
    if has_errors(diagnostics):
        return None, diagnostics
    text = json_text(documents) if kind is Kind.CILIUM_JSON else yaml_text(documents)
    return text, diagnostics


# --- what no kind says -------------------------------------------------------------------------


def _of_no_object(policy: Policy, files: Sequence[tree.File], refusals: Refusals) -> None:
    said = (
        (f"mode {policy.mode}", policy.mode is not Mode.DEFAULT, tree.Mode),
        ("allow-host policy", not policy.allow_host, tree.AllowHost),
    )
    for statement, present, node in said:
        span = next((s.span for f in files for s in f.statements if isinstance(s, node)), None)
        if present:
            refusals.diagnostics.append(
                error(
                    "CPC857",
                    f"no object says `{statement}`",
                    span,
                    help="it is a setting of what enforces the objects: set it there, and leave it "
                    "out here",
                )
            )
    statements: tuple[Statement, ...] = (*policy.rules, *policy.isolations, *policy.requirements)
    for staged in statements:
        if staged.staged:
            help = "leave it out, or remove `staged` to have it enforced"
            refusals.refuse("CPC857", "no object is staged", staged.origin, help)
    for audit in policy.audits:
        help = "leave it out: objects are enforced"
        refusals.refuse("CPC857", "no object says `audit`", audit.origin, help)
    services = [s for f in files for s in f.statements if isinstance(s, tree.Service)]
    refusals.diagnostics.extend(
        warning(
            "CPC861",
            f"the service `{service.name.text}` is left out: it is no policy",
            service.name.span,
            help="give it to Kubernetes as a Service",
        )
        for service in services
    )
    for rule in policy.rules:
        if rule.log:
            help = "ask for logs where the objects are enforced"
            refusals.warn("CPC861", "`log` is left out: no object says it", rule.origin, help)


# --- by tier and policy ------------------------------------------------------------------------


def _tiers(policy: Policy, kind: Kind, names: Names) -> tuple[Sequence[Document], Diagnostics]:
    if kind in (Kind.AUTO, Kind.CLUSTER, Kind.ADMIN):
        refusals = Refusals(Kind.CLUSTER if kind is Kind.AUTO else kind)
        return cluster_policies(policy, names, refusals), refusals.diagnostics
    refusals = Refusals(kind)
    for rule in written(policy.rules):
        if rule.tier is not Tier.NORMAL:
            what = f"{refusals.what} has no tiers"
            refusals.refuse("CPC850", what, rule.origin, "export as `cluster`, or as `auto`")
    return (), refusals.diagnostics


_Exporter: TypeAlias = Callable[[Source, Isolated, Names, Refusals], list[Document]]

_EXPORTERS: Mapping[Kind, _Exporter] = {
    Kind.NETWORKPOLICY: network_policies,
    Kind.CILIUM: cilium_policy,
    Kind.CILIUM_JSON: cilium_rules,
}


def _source(
    source: Source, closed: Isolated, kind: Kind, names: Names
) -> tuple[Sequence[Document], Diagnostics]:
    """One policy; for `auto` a NetworkPolicy where all of it can be one."""
    if kind is Kind.AUTO:
        refusals = Refusals(Kind.NETWORKPOLICY)
        documents = network_policies(source, closed, names, refusals)
        if not refusals.diagnostics:
            return documents, []
        kind = Kind.CILIUM
    refusals = Refusals(kind)
    if kind in _EXPORTERS:
        return _EXPORTERS[kind](source, closed, names, refusals), refusals.diagnostics
    for statement in source.statements():
        what = f"{refusals.what} has tiers only, and this is a policy's"
        refusals.refuse("CPC850", what, statement.origin, "export as `auto`")
    return (), refusals.diagnostics
