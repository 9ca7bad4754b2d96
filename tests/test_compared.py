"""Values whose fields do not all count."""

from typing import ClassVar

from cpc.compiler.compared import Compared, compared_fields


class _Named(Compared, frozen=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"line"})

    name: str
    line: int = 0


class _Called(_Named, frozen=True):
    pass


def test_fields_that_do_not_count_make_no_difference() -> None:
    one, same, other = _Named("a", 1), _Named("a", 2), _Named("b", 1)
    assert one == same
    assert (one != same) is False
    assert hash(one) == hash(same)
    assert one != other
    assert len({one, same, other}) == 2
    assert compared_fields(_Named) == ("name",)


def test_classes_count() -> None:
    assert _Named("a") != _Called("a")
    assert _Named("a") != "a"
