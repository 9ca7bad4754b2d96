"""Text to documents: YAML of one or more documents, JSON being YAML too."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.documents.json_text import Rewritten, rewritten
from cpc.compiler.documents.nodes import Kind, Mapping, Node, Scalar, Sequence, is_null
from cpc.compiler.documents.scalars import plain_kind
from cpc.compiler.source import SourceFile, make

__all__ = ["documents"]

_MAX_DEPTH = 64
_MAX_ALIASED = 1_000_000
"""Values that aliases may stand for in one text, all written out."""

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    f"{_TAG}str": Kind.STRING,
    f"{_TAG}null": Kind.NULL,
    f"{_TAG}bool": Kind.BOOL,
    f"{_TAG}int": Kind.INT,
}


def documents(source: SourceFile) -> Iterator[Node | Diagnostic]:
    """The documents of a text that hold something, in order; what is wrong (CPC701) ends them.

    Nodes come from parser events and a stack of our own, so that nesting is bounded. An alias is the
    node that it names, and what aliases stand for is bounded too.
    """
    strange = rewritten(source.text)
    try:
        yield from _Composer(source, strange).documents()
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        place = min(strange.place(mark.index), len(source.text)) if mark is not None else 0
        yield _refuse(source, place, failure.problem or "it does not parse")
    except yaml.reader.ReaderError:
        yield _forbidden(source)


_FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _forbidden(source: SourceFile) -> Diagnostic:
    """The parser says where in bytes only, so the character is looked for again."""
    found = _FORBIDDEN.search(source.text)
    if found is None:
        return _refuse(source, 0, "a character that YAML does not allow")
    point = f"{ord(found[0]):04x}"
    help = f'remove it, or write `\\u{point}` inside `"` quotes'
    problem = f"YAML does not allow the character U+{point.upper()}"
    return _refuse(source, found.start(), problem, help)


def _refuse(source: SourceFile, place: int, problem: str, help: str = "") -> Diagnostic:
    line = source.text[source.text.rfind("\n", 0, place) + 1 :].partition("\n")[0]
    if "{{" in line:
        help = "this is a template: render it first, as `helm template` does"
    elif "\t" in line[: len(line) - len(line.lstrip())]:
        help = "YAML takes no tabs for indentation: write spaces"
    help = help or "quote strings that hold `: `, `#`, `{` or `[`, and check the indentation"
    return error(
        "CPC701",
        f"`{source.name}` is not valid YAML: {problem}",
        source.span(place, min(place + 1, len(source.text))),
        help=help,
    )


_Open: TypeAlias = "tuple[int, str | None, list[Node], int]"
"""A list or mapping whose end is not read yet: its start, its anchor, and the items and the number of values before it."""


class _Composer:
    """Puts the parser's events together, with a stack of its own."""

    def __init__(self, source: SourceFile, strange: Rewritten) -> None:
        self._source = source
        self._text = strange.text
        self._place = strange.place if len(strange.starts) > 1 else None
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliased = 0

    def documents(self) -> Iterator[Node | Diagnostic]:
        """The documents; a diagnostic ends them. One loop, for a large text has a million events."""
        source = self._source
        stack: list[_Open] = []
        open_, close = stack.append, stack.pop
        items: list[Node] = []
        values = 0
        """Values so far in the document, with every alias written out."""
        scalar, mapping, mapping_end = (
            yaml.ScalarEvent,
            yaml.MappingStartEvent,
            yaml.MappingEndEvent,
        )
        place, next_event = self._place, yaml.CSafeLoader(self._text).get_event
        while True:
            event: Any = next_event()  # of C: its marks are always there
            kind = type(event)
            start, end = event.start_mark.index, event.end_mark.index
            if place is not None:
                start, end = place(start), place(end)
            node: Node | Diagnostic
            if kind is scalar:
                values += 1
                text, tag = event.value, event.tag
                if tag is not None:
                    read_as = _KINDS.get(tag, Kind.OTHER)
                else:
                    read_as = plain_kind(text) if event.implicit[0] else Kind.STRING
                node = make(Scalar, (source, start, end, text, read_as))
                if event.anchor is not None:
                    self._anchors[event.anchor] = (node, 1)
            elif kind is mapping or kind is yaml.SequenceStartEvent:
                if len(stack) >= _MAX_DEPTH:
                    help = f"no policy nests more than {_MAX_DEPTH} lists and mappings"
                    yield _refuse(source, start, "it is nested too deeply", help)
                    return
                open_((start, event.anchor, items, values))
                values += 1
                items = []
                continue
            elif kind is mapping_end or kind is yaml.SequenceEndEvent:
                inner = items
                first, anchor, items, before = close()
                if kind is mapping_end:
                    node = self._mapping(first, end, inner)
                else:
                    node = make(Sequence, (source, first, end, tuple(inner)))
                if anchor is not None and not isinstance(node, Diagnostic):
                    self._anchors[anchor] = (node, values - before)
            elif kind is yaml.AliasEvent:
                node, size = self._alias(event, start)
                values += size
            elif kind is yaml.DocumentEndEvent:
                # A document of nothing: between two `---`, or only comments.
                yield from (document for document in items if not is_null(document))
                items, values = [], 0
                self._anchors.clear()
                continue
            elif kind is yaml.StreamEndEvent:
                return
            else:
                continue
            if isinstance(node, Diagnostic):
                yield node
                return
            items.append(node)

    def _alias(self, event: yaml.AliasEvent, start: int) -> tuple[Node | Diagnostic, int]:
        """What an alias names, and its size."""
        named = self._anchors.get(event.anchor or "")
        if named is None:
            help = f"write `&{event.anchor}` at the value that is meant, before this place"
            problem = f"`*{event.anchor}` names nothing before it"
            return _refuse(self._source, start, problem, help), 0
        self._aliased += named[1]
        if self._aliased > _MAX_ALIASED:
            problem = f"its aliases stand for more than {_MAX_ALIASED} values"
            return _refuse(
                self._source, start, problem, "write the values out, or fewer of them"
            ), 0
        return named

    def _mapping(self, start: int, end: int, items: list[Node]) -> Mapping | Diagnostic:
        """A mapping from its keys and values in turn."""
        keys = items[::2]
        for key in keys:
            if type(key) is not Scalar or key.text == "<<":
                break
        else:
            return make(
                Mapping, (self._source, start, end, tuple(zip(keys, items[1::2], strict=True)))
            )
        entries: list[tuple[Scalar, Node]] = []
        merged: list[Node] = []
        for key, value in zip(keys, items[1::2], strict=True):
            if not isinstance(key, Scalar):
                return _refuse(self._source, start, "a key is a list or a mapping")
            if key.text == "<<" and not isinstance(value, Scalar):
                merged += value.items if isinstance(value, Sequence) else (value,)
            else:
                entries.append((key, value))
        if merged:
            known = {key.text for key, _ in entries}
            for source in merged:
                if not isinstance(source, Mapping):
                    return _refuse(self._source, start, "`<<` merges mappings only")
                entries += [(k, v) for k, v in source.entries if k.text not in known]
                known |= {k.text for k, _ in source.entries}
        return Mapping(self._source, start, end, tuple(entries))
