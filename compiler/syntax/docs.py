"""Doc comments: which statement each describes."""

from cpc.compiler.diagnostics import Diagnostics, error
from cpc.compiler.syntax.scan import DocLine, Scanned
from cpc.compiler.syntax.tree import Comment

__all__ = ["Docs"]


class Docs:
    """Gives `///` lines to the statements that follow them; the rest is misplaced.

    Lines with nothing on them describe nothing and are kept as comments.
    """

    def __init__(self, scanned: Scanned) -> None:
        self._comments = list(scanned.comments)
        self._taken: dict[int, str] = {}
        self._left: dict[int, list[DocLine]] = {}
        self._wrong: list[tuple[Comment, str]] = []
        for index, lines in scanned.docs.items():
            if any(line.text.strip() for line in lines):
                self._left[index] = lines
            else:
                self._comments += [line.comment for line in lines]
        lines_of = (lines for lines in scanned.docs.values())
        documentation = [line.comment for lines in lines_of for line in lines]
        self.everything = [*scanned.comments, *documentation]

    def take(self, index: int, documented: bool, word: str) -> str:
        """The doc comment before the statement that starts at token `index`, as lines of one text.

        The same each time it is asked for.
        """
        if index not in self._taken:
            self._taken[index] = self._take(index, documented, word)
        return self._taken[index]

    def _take(self, index: int, documented: bool, word: str) -> str:
        lines = self._left.pop(index, [])
        own = [line for line in lines if line.comment.own_line]
        self._wrong += [(line.comment, "") for line in lines if not line.comment.own_line]
        if own and not documented:
            self._wrong.append((own[0].comment, word))
            return ""
        return "\n".join(line.text for line in own)

    def misplaced(self) -> Diagnostics:
        """An error for each doc comment that stands before no statement, or before one that takes none."""
        left = [(lines[0].comment, "") for lines in self._left.values()]
        return [
            error(
                "CPC119",
                f"`{word}` takes no doc comment" if word else "this doc comment describes nothing",
                comment.span,
                help="put it on the line before a statement, or write a comment with `#`",
            )
            for comment, word in [*self._wrong, *left]
        ]

    def comments(self) -> tuple[Comment, ...]:
        """Every comment that is no doc comment, in order."""
        return tuple(sorted(self._comments, key=lambda c: c.span.start))
