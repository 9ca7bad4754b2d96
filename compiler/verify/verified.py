"""A policy that the verifier let pass: what the code generator takes, and nothing else does it take."""

from collections.abc import Callable

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error, has_errors
from cpc.compiler.errors import InternalError
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.coverage import check_coverage

__all__ = ["VerifiedPolicy", "unenforced", "verify"]

_SEAL = object()


class VerifiedPolicy(Struct, frozen=True):
    """A policy that `verify` checked; only `verify` builds one."""

    policy: Policy
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise InternalError("a verified policy that `verify` did not build")


def verify(policy: Policy) -> tuple[VerifiedPolicy | None, Diagnostics]:
    """The policy as one that may be compiled, or the errors that forbid it (CPC2xx, CPC4xx)."""
    diagnostics = [*check_coverage(policy), *unenforced(policy)]
    if has_errors(diagnostics):
        return None, diagnostics
    return VerifiedPolicy(policy, _SEAL), diagnostics


_UNENFORCED = {
    "service": ("CPC402", "services are not balanced by this version"),
    "service peer": ("CPC402", "a service as a peer is not enforced by this version"),
    "fqdn peer": ("CPC403", "an fqdn as a peer is not enforced by this version"),
    "request part": (
        "CPC401",
        "request parts (`http`, `grpc`, `kafka`, `dns`) are not enforced by this version",
    ),
    "staged": (
        "CPC404",
        "staged statements are not evaluated beside the enforced policy by this version",
    ),
    "audit": ("CPC405", "audit is not carried out by this version"),
}
"""What `Policy.unenforced` names, with its code and message."""


def unenforced(policy: Policy, say: Callable[..., Diagnostic] = error) -> Diagnostics:
    """One error for each place that this version resolves but cannot enforce (CPC4xx), or what else `say`
    makes of it.
    """
    help = "`cpc compile` refuses it; every command that only reads policies goes by it"
    return [say(*_UNENFORCED[what], span, help=help) for what, span in policy.unenforced]
