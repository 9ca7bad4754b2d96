"""Frozen structs as JSON and back, exactly: the form in which a program is kept.

Every struct is a node, written once however often it occurs, and named by its number; a node comes
after those that it holds. Types are read from the classes, and what does not fit them is refused.
Fields that take no part in comparisons are not part of the value: they are left out.
"""

import json
import re
from collections.abc import Callable, Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from cpc.compiler.compared import compared_fields

__all__ = ["Codec", "CodecError"]

T = TypeVar("T")

_ADDRESSES = (IPv4Address, IPv6Address, IPv4Network, IPv6Network)
_EXACT = 1 << 53
"""Integers from here on are hexadecimal text: other readers of JSON would round them."""

_HEX = re.compile(r"-?0x[0-9a-f]+")

_Row = tuple[object, ...]
_Read = Callable[[object], object]


class CodecError(ValueError):
    """Data that is not an encoded value of the type that was asked for."""


class Codec:
    """The encoding of values made of `classes`; `names` resolves what their types mention."""

    def __init__(self, classes: Iterable[type[Struct]], names: dict[str, Any]) -> None:
        self._classes = {one.__name__: one for one in classes}
        self._fields = {one: compared_fields(one) for one in self._classes.values()}
        self._names = names

    def encode(self, value: object) -> str:
        """The JSON text of a value; equal values have equal texts."""
        writer = _Writer(self._fields)
        root = writer.write(value)
        return json.dumps({"nodes": writer.rows, "root": root}, separators=(",", ":"))

    def decode(self, kind: type[T], text: str) -> T:
        """The value of type `kind` that a text encodes; CodecError for any other text."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as failure:
            raise CodecError(f"no JSON: {failure}") from failure
        match data:
            case {"nodes": list(rows), "root": root, **rest} if not rest:
                reader = _Reader(self._hints())
                for row in rows:
                    reader.add(row)
                value = reader.reads(kind)(root)
                assert isinstance(value, kind)
                return value
            case _:
                raise CodecError("no nodes and root")

    def _hints(self) -> dict[str, tuple[type, list[Any]]]:
        """Each class by name, with the types of its fields."""
        found: dict[str, tuple[type, list[Any]]] = {}
        for name, one in self._classes.items():
            hints = get_type_hints(one, localns=self._names)
            found[name] = (one, [hints[field] for field in self._fields[one]])
        return found


class _Writer:
    """Rows so far, and where each value stands in them."""

    def __init__(self, names: dict[type, tuple[str, ...]]) -> None:
        self.rows: list[_Row] = []
        self._names = names
        self._numbers: dict[_Row, int] = {}
        self._known: dict[int, int] = {}

    def write(self, value: object) -> object:
        """The data of a value; hashable."""
        match value:
            case Enum():
                return value.value
            case None | bool() | str():
                return value
            case int():
                return value if abs(value) < _EXACT else hex(value)
            case tuple():
                return tuple(self.write(one) for one in value)
            case frozenset():
                return tuple(sorted((self.write(one) for one in value), key=json.dumps))
            case IPv4Address() | IPv6Address() | IPv4Network() | IPv6Network():
                return str(value)
            case _:
                return self._node(value)

    def _node(self, value: object) -> int:
        known = self._known.get(id(value))
        if known is not None:
            return known
        kind = type(value)
        if kind not in self._names:
            raise CodecError(f"no encoding of `{kind.__name__}`")
        row = (kind.__name__, *(self.write(getattr(value, name)) for name in self._names[kind]))
        number = self._numbers.setdefault(row, len(self.rows))
        if number == len(self.rows):
            self.rows.append(row)
        self._known[id(value)] = number
        return number


class _Reader:
    """Nodes so far; a reader of data for each type, made once."""

    def __init__(self, hints: dict[str, tuple[type, list[Any]]]) -> None:
        self._nodes: list[object] = []
        self._hints = hints
        self._made: dict[Any, _Read] = {}

    def add(self, row: object) -> None:
        """Reads one more node, which may hold those before it."""
        match row:
            case [str(name), *data] if name in self._hints:
                kind, hints = self._hints[name]
                if len(data) != len(hints):
                    raise CodecError(f"`{name}` has {len(hints)} fields, not {len(data)}")
                values = [self.reads(h)(one) for h, one in zip(hints, data, strict=True)]
                self._nodes.append(kind(*values))
            case _:
                raise CodecError("a node without a known name")

    def reads(self, hint: Any) -> _Read:
        """The reader of one type."""
        made = self._made.get(hint)
        if made is None:
            made = self._made[hint] = self._make(hint)
        return made

    def _make(self, hint: Any) -> _Read:
        origin, inner = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return self._any_of(inner)
        if origin is tuple:
            return self._tuple(inner)
        if origin is frozenset:
            many = self._tuple((*inner, ...))
            return lambda data: frozenset(_as_tuple(many(data)))
        if _is_struct(hint):
            return lambda data: self._node(hint, data)
        if hint in _ADDRESSES or (isinstance(hint, type) and issubclass(hint, Enum)):
            return lambda data: _parse(hint, data)
        plain: dict[Any, _Read] = {int: _int, bool: _exactly(bool), str: _exactly(str)}
        plain[NoneType] = _exactly(NoneType)
        if hint not in plain:
            raise CodecError(f"no decoding of `{hint}`")
        return plain[hint]

    def _node(self, kind: Any, data: object) -> object:
        if type(data) is not int or not 0 <= data < len(self._nodes):
            raise CodecError("a node that is not there yet")
        node = self._nodes[data]
        if not isinstance(node, kind):
            raise CodecError(f"`{type(node).__name__}` in the place of another node")
        return node

    def _any_of(self, hints: tuple[Any, ...]) -> _Read:
        if all(map(_is_struct, hints)):
            return lambda data: self._node(hints, data)
        readers = [self.reads(hint) for hint in hints]

        def read(data: object) -> object:
            for reader in readers:
                try:
                    return reader(data)
                except CodecError:
                    continue
            raise CodecError("data of no possible type")

        return read

    def _tuple(self, hints: tuple[Any, ...]) -> _Read:
        if len(hints) == 2 and hints[1] is ...:
            every = self.reads(hints[0])
            return lambda data: tuple(every(one) for one in _as_list(data))
        readers = [self.reads(hint) for hint in hints]

        def read(data: object) -> object:
            values = _as_list(data)
            if len(values) != len(readers):
                raise CodecError(f"{len(values)} values where there are {len(readers)}")
            return tuple(reader(one) for reader, one in zip(readers, values, strict=True))

        return read


def _is_struct(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _as_list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise CodecError("no list where there must be one")
    return data


def _as_tuple(value: object) -> tuple[object, ...]:
    assert isinstance(value, tuple)
    return value


def _exactly(kind: type) -> _Read:
    def read(data: object) -> object:
        if type(data) is not kind:
            raise CodecError(f"no {kind.__name__} where there must be one")
        return data

    return read


def _int(data: object) -> int:
    if isinstance(data, str) and _HEX.fullmatch(data):
        return int(data, 16)
    if type(data) is not int:
        raise CodecError("no number where there must be one")
    return data


def _parse(kind: Any, data: object) -> object:
    """An address, a network or a member of an enumeration."""
    if type(data) not in (str, int) or (kind in _ADDRESSES and type(data) is not str):
        raise CodecError(f"no {kind.__name__} where there must be one")
    try:
        return kind(data)
    except ValueError as failure:
        raise CodecError(str(failure)) from failure
