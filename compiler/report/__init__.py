"""Diagnostics as text, for people, editors and programs."""

from cpc.compiler.report.render import (
    DOCUMENTS,
    PLAIN,
    Format,
    Look,
    ordered,
    render,
    summary,
)

__all__ = ["DOCUMENTS", "PLAIN", "Format", "Look", "ordered", "render", "summary"]
