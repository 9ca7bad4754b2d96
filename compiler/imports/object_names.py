"""What Kubernetes takes as names of objects and namespaces.

Source: the documents of Kubernetes, "Object Names and IDs".
"""

import re

__all__ = [
    "NAMESPACE_HELP",
    "NAME_HELP",
    "is_generated_name",
    "is_namespace_name",
    "is_object_name",
]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAMESPACE = re.compile(_LABEL)

NAME_HELP = (
    "it has up to 253 of a-z, 0-9, `-` and `.`, and starts and ends with a letter or digit, as do "
    "its parts between dots"
)
NAMESPACE_HELP = "it has up to 63 of a-z, 0-9 and `-`, and starts and ends with a letter or digit"


def is_object_name(text: str) -> bool:
    """Whether an object may be called so: a DNS subdomain."""
    return len(text) <= 253 and _NAME.fullmatch(text) is not None


def is_generated_name(text: str) -> bool:
    """Whether a name may begin so; the API server puts characters behind it."""
    return is_object_name(f"{text[:-1]}a" if text.endswith("-") else text)


def is_namespace_name(text: str) -> bool:
    """Whether a namespace may be called so: a DNS label."""
    return len(text) <= 63 and _NAMESPACE.fullmatch(text) is not None
