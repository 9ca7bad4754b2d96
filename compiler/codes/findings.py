"""Pages of CPC2xx: findings of the verifier."""

from cpc.compiler.codes.page import Page

__all__ = ["FINDINGS"]

FINDINGS: tuple[Page, ...] = ()
