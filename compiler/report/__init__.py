"""Diagnostics as text, for people, editors and programs."""

from cpc.compiler.report.render import Format, Look, ordered, render, summary

__all__ = ["Format", "Look", "ordered", "render", "summary"]
