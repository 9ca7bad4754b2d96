"""What a scalar without quotes is, as Kubernetes reads YAML.

Source: sigs.k8s.io/yaml, `goyaml.v2/resolve.go`, and Go's `strconv.ParseInt` with base 0.
"""

import math
import re
from functools import lru_cache

from cpc.compiler.documents.nodes import Kind

__all__ = ["plain_kind"]

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), Kind.NULL),
    **{
        spelled: Kind.BOOL
        for word in ("y", "yes", "true", "on", "n", "no", "false", "off")
        for spelled in (word, word.capitalize(), word.upper())
    },
    **{
        sign + word: Kind.OTHER
        for sign in ("", "+", "-")
        for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")
        if not (sign and word.lower() == ".nan")
    },
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@lru_cache(1 << 16)
def plain_kind(text: str) -> Kind:
    """What a scalar without quotes and tag is taken for; dates and numbers of base 60 are strings."""
    word = _WORDS.get(text)
    if word is not None:
        return word
    if text[0] not in "+-.0123456789":
        return Kind.STRING
    number = text if text[0] == "." else text.replace("_", "")
    if _INT.fullmatch(number):
        return Kind.INT
    if _FLOAT.fullmatch(number) and math.isfinite(float(number)):
        return Kind.OTHER
    return Kind.STRING  # also what no float can hold, such as `12e4567`
