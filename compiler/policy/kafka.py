"""Names of the Kafka protocol (Kafka protocol guide, "Api Keys") and what may name a topic."""

import re

__all__ = ["API_KEYS", "MAX_TOPIC", "ROLES", "is_topic"]

_NAMES = [
    "produce",
    "fetch",
    "listoffsets",
    "metadata",
    "leaderandisr",
    "stopreplica",
    "updatemetadata",
    "controlledshutdown",
    "offsetcommit",
    "offsetfetch",
    "findcoordinator",
    "joingroup",
    "heartbeat",
    "leavegroup",
    "syncgroup",
    "describegroups",
    "listgroups",
    "saslhandshake",
    "apiversions",
    "createtopics",
    "deletetopics",
    "deleterecords",
    "initproducerid",
    "offsetforleaderepoch",
    "addpartitionstotxn",
    "addoffsetstotxn",
    "endtxn",
    "writetxnmarkers",
    "txnoffsetcommit",
    "describeacls",
    "createacls",
    "deleteacls",
    "describeconfigs",
    "alterconfigs",
    "alterreplicalogdirs",
    "describelogdirs",
    "saslauthenticate",
    "createpartitions",
    "createdelegationtoken",
    "renewdelegationtoken",
    "expiredelegationtoken",
    "describedelegationtoken",
    "deletegroups",
    "electleaders",
    "incrementalalterconfigs",
    "alterpartitionreassignments",
    "listpartitionreassignments",
    "offsetdelete",
]

API_KEYS: dict[str, int] = {name: key for key, name in enumerate(_NAMES)} | {"offsets": 2}
"""Api keys by name in lower case; `offsets` is what Cilium calls ListOffsets."""

ROLES: dict[str, frozenset[int]] = {
    "produce": frozenset({0, 3, 18}),
    "consume": frozenset({1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18}),
}
"""Api keys that a role may use, as in Cilium."""

MAX_TOPIC = 255


def is_topic(text: str) -> bool:
    """Whether it is a topic's name, or a prefix of one with a `*` at its end."""
    name = text.removesuffix("*")
    return (
        len(text) <= MAX_TOPIC
        and re.fullmatch(r"[A-Za-z0-9._-]*", name) is not None
        and text not in ("", ".", "..")
    )
