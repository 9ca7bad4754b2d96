"""Pages of CPC6xx: runtime and kernel."""

from cpc.compiler.codes.page import Page

__all__ = ["RUNTIME"]

RUNTIME: tuple[Page, ...] = ()
