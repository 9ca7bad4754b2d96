"""YAML as nodes that know their place, and a reader that checks their shape."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label, error, suggest
from cpc.compiler.errors import InternalError
from cpc.compiler.source import SourceFile, Span

__all__ = ["Mapping", "Node", "Reader", "Scalar", "Sequence", "compose"]

_MAX_DEPTH = 32

_STRING = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`text` as written, without quotes; `is_string` unless YAML reads it as a number, a date and so on."""

    text: str
    is_string: bool
    is_null: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "tuple[Node, ...]"
    span: Span


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in written order, duplicates included."""

    entries: "tuple[tuple[Scalar, Node], ...]"
    span: Span


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is not read yet."""

    start: int
    is_mapping: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)


def compose(source: SourceFile) -> Node | Diagnostic:
    """The one document of a text, or what is wrong with it (CPC701).

    Nodes come from parser events and a stack of our own, so that nesting is bounded. An alias is the
    node that it names.
    """
    try:
        return _from_events(source, yaml.parse(source.text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        place = min(mark.index, len(source.text)) if mark is not None else 0
        problem = failure.problem or "it does not parse"
        return _refuse(source, place, problem)
    except yaml.reader.ReaderError as failure:
        return _refuse(source, failure.position, "a character that YAML does not allow")


def _refuse(source: SourceFile, place: int, problem: str) -> Diagnostic:
    line = source.text[source.text.rfind("\n", 0, place) + 1 :].partition("\n")[0]
    help = "quote strings that hold `: `, `#`, `{` or `[`, and check the indentation"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        help = "YAML takes no tabs for indentation: write spaces"
    return error(
        "CPC701",
        f"`{source.name}` is not valid YAML: {problem}",
        source.span(place, min(place + 1, len(source.text))),
        help=help,
    )


def _from_events(source: SourceFile, events: Iterator[yaml.Event]) -> Node | Diagnostic:
    anchors: dict[str, Node] = {}
    stack: list[_Open] = []
    root: Node | None = None
    for event in events:
        node: Node | None = None
        anchor: str | None = None
        start, end = _bounds(event)
        match event:
            case yaml.ScalarEvent():
                tag = event.tag or (_plain_tag(event.value) if event.implicit[0] else _STRING)
                node = Scalar(event.value, tag == _STRING, tag == _NULL, source.span(start, end))
                anchor = event.anchor
            case yaml.AliasEvent():
                if event.anchor not in anchors:
                    return _refuse(source, start, f"`*{event.anchor}` names nothing before it")
                node = anchors[event.anchor]
            case yaml.CollectionStartEvent():
                if len(stack) >= _MAX_DEPTH:
                    return _refuse(source, start, "it is nested too deeply")
                mapping = isinstance(event, yaml.MappingStartEvent)
                stack.append(_Open(start, mapping, event.anchor))
            case yaml.CollectionEndEvent():
                done = stack.pop()
                node = _close(source, done, end)
                if node is None:
                    return _refuse(source, done.start, "a key is a list or a mapping")
                anchor = done.anchor
            case yaml.DocumentStartEvent() if root is not None:
                return _refuse(source, start, "it holds more than one document")
        if node is None:
            continue
        if anchor is not None:
            anchors[anchor] = node
        if stack:
            stack[-1].items.append(node)
        else:
            root = node
    return root or _refuse(source, 0, "it holds no document")


def _bounds(event: yaml.Event) -> tuple[int, int]:
    """Where an event starts and ends, in characters; the parser marks every one."""
    if event.start_mark is None or event.end_mark is None:
        raise InternalError("a YAML event without marks")
    return event.start_mark.index, event.end_mark.index


def _plain_tag(text: str) -> str:
    """What YAML 1.1 takes a scalar without quotes for."""
    known = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in (*known.get(text[:1], ()), *known.get(None, ())):
        if pattern.match(text):
            return str(tag)
    return _STRING


def _close(source: SourceFile, done: _Open, end: int) -> Node | None:
    span = source.span(done.start, end)
    if not done.is_mapping:
        return Sequence(tuple(done.items), span)
    entries: list[tuple[Scalar, Node]] = []
    for key, value in zip(done.items[::2], done.items[1::2], strict=True):
        if not isinstance(key, Scalar):
            return None
        entries.append((key, value))
    return Mapping(tuple(entries), span)


@dataclass(slots=True)
class Reader:
    """Checks shapes and adds what is wrong to `diagnostics` (CPC702-CPC704)."""

    diagnostics: Diagnostics = field(default_factory=list)

    def refuse(
        self, code: str, message: str, span: Span, help: str, labels: tuple[Label, ...] = ()
    ) -> None:
        """Adds an error."""
        self.diagnostics.append(error(code, message, span, labels=labels, help=help))

    def mapping(
        self, node: Node, what: str, known: tuple[str, ...] | None
    ) -> dict[str, tuple[Scalar, Node]]:
        """The entries of a mapping by key, with only `known` keys (None: any); null is empty."""
        if isinstance(node, Scalar) and node.is_null:
            return {}
        if not isinstance(node, Mapping):
            self.refuse("CPC702", f"{what} is a mapping", node.span, "write `key: value` pairs")
            return {}
        found: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.entries:
            if known is not None and key.text not in known:
                near = suggest(key.text, known)
                keys = ", ".join(f"`{k}`" for k in known)
                help = f"did you mean `{near}`?" if near else f"known keys are {keys}"
                self.refuse("CPC703", f"`{key.text}` is not a key of {what}", key.span, help)
            elif key.text in found:
                first = (Label(found[key.text][0].span, "first given here"),)
                self.refuse("CPC704", f"`{key.text}` is given twice", key.span, "remove one", first)
            else:
                found[key.text] = (key, value)
        return found

    def sequence(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list; null is empty."""
        if isinstance(node, Scalar) and node.is_null:
            return ()
        if isinstance(node, Sequence):
            return node.items
        self.refuse("CPC702", f"{what} is a list", node.span, "write `[a, b]`, or `- a` lines")
        return ()

    def string(self, node: Node, what: str) -> Scalar | None:
        """A scalar that YAML reads as a string; None after an error."""
        if isinstance(node, Scalar) and node.is_string and node.text:
            return node
        help = (
            f'quote it: `"{node.text}"`' if isinstance(node, Scalar) and node.text else "give one"
        )
        self.refuse("CPC702", f"{what} is a string", node.span, help)
        return None

    def text(self, node: Node, what: str) -> Scalar | None:
        """A scalar as written, whatever YAML makes of it (`1::2` may be a number to it)."""
        if isinstance(node, Scalar) and not node.is_null:
            return node
        self.refuse("CPC702", f"{what} is a string", node.span, "give one")
        return None
