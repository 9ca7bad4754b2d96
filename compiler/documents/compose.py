"""Text to documents: YAML of one or more documents, JSON being YAML too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.documents.json_text import Rewritten, rewritten
from cpc.compiler.documents.nodes import Kind, Mapping, Node, Scalar, Sequence
from cpc.compiler.documents.scalars import plain_kind
from cpc.compiler.errors import InternalError
from cpc.compiler.source import SourceFile

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
    composer = _Composer(source, strange)
    try:
        for event in yaml.parse(strange.text, Loader=yaml.CSafeLoader):
            found = composer.take(event)
            if found is not None:
                yield found
            if isinstance(found, Diagnostic):
                return
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


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is not read yet."""

    start: int
    is_mapping: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    size: int = 1


class _Composer:
    """Puts events together; sizes are numbers of values with every alias written out."""

    def __init__(self, source: SourceFile, strange: Rewritten) -> None:
        self._source = source
        self._place = strange.place if len(strange.starts) > 1 else None
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._stack: list[_Open] = []
        self._aliased = 0

    def take(self, event: yaml.Event) -> Node | Diagnostic | None:
        """A document when its end is reached, or what is wrong."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.CollectionEndEvent):
            return self._close(event)
        if isinstance(event, yaml.CollectionStartEvent):
            start, _ = self._bounds(event)
            if len(self._stack) >= _MAX_DEPTH:
                help = f"no policy nests more than {_MAX_DEPTH} lists and mappings"
                return _refuse(self._source, start, "it is nested too deeply", help)
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._stack.append(_Open(start, mapping, event.anchor))
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> Node | None:
        start, end = self._bounds(event)
        text = event.value
        if event.tag is not None:
            kind = _KINDS.get(event.tag, Kind.OTHER)
        else:
            kind = plain_kind(text) if event.implicit[0] else Kind.STRING
        node = Scalar(self._source, start, end, text, kind)
        if not self._stack and node.is_null:
            return None  # a document of nothing: between two `---`, or only comments
        return self._put(node, 1, event.anchor)

    def _alias(self, event: yaml.AliasEvent) -> Node | Diagnostic | None:
        start, _ = self._bounds(event)
        named = self._anchors.get(event.anchor or "")
        if named is None:
            help = f"write `&{event.anchor}` at the value that is meant, before this place"
            problem = f"`*{event.anchor}` names nothing before it"
            return _refuse(self._source, start, problem, help)
        self._aliased += named[1]
        if self._aliased > _MAX_ALIASED:
            problem = f"its aliases stand for more than {_MAX_ALIASED} values"
            return _refuse(self._source, start, problem, "write the values out, or fewer of them")
        return self._put(*named, None)

    def _close(self, event: yaml.Event) -> Node | Diagnostic | None:
        _, end = self._bounds(event)
        done = self._stack.pop()
        node: Node
        if not done.is_mapping:
            node = Sequence(self._source, done.start, end, tuple(done.items))
            return self._put(node, done.size, done.anchor)
        entries: list[tuple[Scalar, Node]] = []
        merged: list[Node] = []
        for key, value in zip(done.items[::2], done.items[1::2], strict=True):
            if not isinstance(key, Scalar):
                return _refuse(self._source, done.start, "a key is a list or a mapping")
            if key.text == "<<" and not isinstance(value, Scalar):
                merged += value.items if isinstance(value, Sequence) else (value,)
            else:
                entries.append((key, value))
        if merged:
            known = {key.text for key, _ in entries}
            for source in merged:
                if not isinstance(source, Mapping):
                    return _refuse(self._source, done.start, "`<<` merges mappings only")
                entries += [(k, v) for k, v in source.entries if k.text not in known]
                known |= {k.text for k, _ in source.entries}
        node = Mapping(self._source, done.start, end, tuple(entries))
        return self._put(node, done.size, done.anchor)

    def _put(self, node: Node, size: int, anchor: str | None) -> Node | None:
        """Into the list or mapping that is open; the node itself where it is a whole document."""
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            return node
        self._stack[-1].items.append(node)
        self._stack[-1].size += size
        return None

    def _bounds(self, event: yaml.Event) -> tuple[int, int]:
        """Where an event starts and ends, in characters of the source; the parser marks every one."""
        if event.start_mark is None or event.end_mark is None:
            raise InternalError("a YAML event without marks")
        start, end = event.start_mark.index, event.end_mark.index
        return (start, end) if self._place is None else (self._place(start), self._place(end))
