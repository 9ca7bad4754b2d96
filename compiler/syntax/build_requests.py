"""Request parts: HTTP, gRPC, Kafka and DNS matchers."""

from cpc.compiler.diagnostics import Diagnostics, Label, error
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.places import Branch, Leaf, Places

__all__ = ["l7", "request"]


class _Keys:
    """The keyed values of one matcher; a repeated key is CPC122."""

    def __init__(self, places: Places, problems: Diagnostics) -> None:
        self._places = places
        self._problems = problems
        self._first: dict[str, Leaf] = {}
        self._values: dict[str, tree.Value] = {}

    def take(self, word: str, key: Leaf, value: tree.Value | None) -> None:
        if word in self._first:
            self._problems.append(
                error(
                    "CPC122",
                    f"`{word}` stands twice in one matcher",
                    self._places.of(key),
                    labels=(Label(self._places.of(self._first[word]), "first here"),),
                    help="write a comma before the next matcher",
                )
            )
        self._first[word] = key
        if value is not None:
            self._values[word] = value

    def get(self, word: str) -> tree.Value | None:
        return self._values.get(word)


def _header(places: Places, node: Branch) -> tree.Header:
    word, name, operator, value = (*node.children, None, None)[:4]
    present = operator is None
    return tree.Header(
        places.text(name),
        "present" if present else operator.value,
        None if present else places.value(value),
        places.over(word, name if present else value),
    )


def _end(attributes: list[Branch], otherwise: Leaf) -> Leaf:
    """The last leaf of a matcher."""
    if not attributes:
        return otherwise
    leaves: list[Leaf] = [leaf for leaf in attributes[-1].children if leaf is not None]
    return leaves[-1]


def _http_matcher(
    places: Places, problems: Diagnostics, head: list[Leaf], attributes: list[Branch]
) -> tree.HttpMatcher:
    keys = _Keys(places, problems)
    method: tree.Value | None = None
    if head:
        word, path = head
        if word.value != "any":
            method = tree.Text(word.value.strip("`"), places.of(word))
        keys.take("method", word, None)
        keys.take("path", path, places.value(path))
    headers: list[tree.Header] = []
    for attribute in attributes:
        if attribute.data == "header":
            headers.append(_header(places, attribute))
        else:
            key, value = attribute.children
            keys.take(key.value, key, places.value(value))
    first = head[0] if head else attributes[0].children[0]
    last = _end(attributes, head[-1] if head else first)
    return tree.HttpMatcher(
        bool(head),
        method if head else keys.get("method"),
        keys.get("path"),
        keys.get("host"),
        tuple(headers),
        places.over(first, last),
    )


def _kafka_matcher(places: Places, problems: Diagnostics, node: Branch) -> tree.KafkaMatcher:
    role: Leaf | None = node.children[0] if node.data == "kafka_role" else None
    attributes: list[Branch] = node.children[1:] if role else node.children
    keys = _Keys(places, problems)
    for attribute in attributes:
        key, leaf = attribute.children
        value = _kafka_value(places, problems, key, leaf)
        keys.take(key.value, key, value)
    version = keys.get("version")
    first = role or attributes[0].children[0]
    return tree.KafkaMatcher(
        role.value if role and role.value != "any" else None,
        keys.get("api"),
        version if isinstance(version, tree.Number) else None,
        keys.get("topic"),
        keys.get("client"),
        places.over(first, _end(attributes, first)),
    )


def _kafka_value(places: Places, problems: Diagnostics, key: Leaf, leaf: Leaf) -> tree.Value | None:
    """The value of one key, None when it has the wrong form."""
    value = places.value(leaf)
    if key.value == "version" and not isinstance(value, tree.Number):
        wrong, help = "`version` takes a number", "write it as in `version 3`"
    elif key.value in ("topic", "client") and isinstance(value, tree.Number):
        wrong, help = f"`{key.value}` takes a string", f'write `"{value.value}"`'
    else:
        return value
    problems.append(error("CPC124", wrong, value.span, help=help))
    return None


def l7(places: Places, problems: Diagnostics, node: Branch) -> tree.L7:
    """The request part of a rule."""
    first, *parts, last = node.children
    span = places.over(first, last)
    match node.data:
        case "http":
            return tree.Http(tuple(_http_part(places, problems, p) for p in parts), span)
        case "grpc":
            return tree.Grpc(tuple(_grpc_part(places, p) for p in parts), span)
        case "kafka":
            return tree.Kafka(tuple(_kafka_matcher(places, problems, p) for p in parts), span)
        case _:
            return tree.Dns(tuple(places.value(v) for v in parts[0].children), span)


def _http_part(places: Places, problems: Diagnostics, node: Branch) -> tree.HttpMatcher:
    short = 2 if node.data == "http_short" else 0
    return _http_matcher(places, problems, node.children[:short], node.children[short:])


def _grpc_part(places: Places, node: Branch) -> tree.GrpcMatcher:
    word, method, *headers = node.children
    return tree.GrpcMatcher(
        places.value(method),
        tuple(_header(places, h) for h in headers),
        places.over(word, _end(headers, method)),
    )


def request(places: Places, problems: Diagnostics, node: Branch) -> tree.L7:
    """The one request of an assert or a test case; more than one matcher is CPC122."""
    if node.data == "request":
        method, path, *attributes = node.children
        matcher = _http_matcher(places, problems, [method, path], attributes)
        return tree.Http((matcher,), matcher.span)
    part = l7(places, problems, node)
    matchers = part.names if isinstance(part, tree.Dns) else part.matchers
    if len(matchers) > 1:
        problems.append(
            error(
                "CPC122",
                "only one request can be asked about",
                matchers[1].span,
                help="write a line of its own for each request",
            )
        )
    return part
