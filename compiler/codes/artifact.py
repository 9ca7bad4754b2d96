"""Pages of CPC5xx: toolchain and artifact."""

from cpc.compiler.codes.page import Page

__all__ = ["ARTIFACT"]

ARTIFACT: tuple[Page, ...] = ()
