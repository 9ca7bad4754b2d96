"""Isolation is said: whatever a rule is about, a `default` statement says what happens to the rest."""

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.policy.model import Policy

__all__ = ["check_coverage"]


def check_coverage(policy: Policy) -> Diagnostics:
    """Errors for the subjects of normal rules that no `default` statement covers (CPC201)."""
    return []
