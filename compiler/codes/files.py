"""Pages of CPC0xx: usage and files."""

from cpc.compiler.codes.page import Page

__all__ = ["FILES"]

FILES: tuple[Page, ...] = ()
