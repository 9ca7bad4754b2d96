"""Random expressions, and texts that they match often enough to matter."""

from hypothesis import strategies as st

__all__ = ["expressions", "plain_expressions", "texts"]

_LETTERS = ("a", "b", "c", "[ab]", "[^a]", ".", "[a-b/]", "/")
_SPECIAL = (
    *("^", "$", r"\A", r"\z", r"\b", r"\B", "(?m:^)", "(?m:$)", "(?m:^a$)", r"\n", r"\d", r"\W"),
    *("(?i)k", "(?i:s)", "(?s:.)", "é", r"[^\x{80}-\x{10ffff}]", r"[\x{d7ff}-\x{e000}]", "[^a/]"),
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeats = st.sampled_from(("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}"))
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, repeats).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


plain_expressions = st.recursive(st.sampled_from(_LETTERS), _grown, max_leaves=6)
"""Letters, classes, choices and repetitions."""

expressions = st.recursive(
    st.one_of(st.sampled_from(_LETTERS), st.sampled_from(_SPECIAL)), _grown, max_leaves=7
)
"""Everything that an expression may hold."""

texts = st.text("aabbc/kKsS_1 \néÉſ\u212a\ud7ff\ue000\U0010ffff", max_size=6)
