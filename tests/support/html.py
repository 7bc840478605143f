"""Pages read as a tree, by Beautiful Soup; what tests ask of it has short names here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One element; its text is that of everything below it."""

    element: Tag

    def __iter__(self) -> Iterator["Node"]:
        """Yield the element and each one below it, in order."""
        yield self
        for child in self.element.descendants:
            if isinstance(child, Tag):
                yield Node(child)

    @property
    def tag(self) -> str:
        return self.element.name

    @property
    def attributes(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.element.attrs.items()}

    @property
    def children(self) -> list["Node | str"]:
        """The elements and texts right below it, without comments."""
        found = (e for e in self.element.children if not isinstance(e, PreformattedString))
        return [Node(e) if isinstance(e, Tag) else str(e) for e in found]

    @property
    def text(self) -> str:
        return " ".join(self.element.get_text().split())

    def get(self, name: str, default: str = "") -> str:
        return str(self.element.get(name, default))

    def all(self, tag: str) -> list["Node"]:
        return [Node(element) for element in self.element.find_all(tag)]

    def by_id(self, wanted: str) -> "Node":
        found = self.element.find(id=wanted)
        if not isinstance(found, Tag):
            raise AssertionError(f"no element with id {wanted!r} in: {self.text[:600]}")
        return Node(found)


@lru_cache(maxsize=4)  # a test asks for forms and texts of one page
def parse(html: str) -> Node:
    """Return the page as a tree; never raises, as a browser does not either."""
    # Classes stay one text, and the content of scripts counts as text.
    page = BeautifulSoup(html, "html.parser", multi_valued_attributes=None, string_containers={})
    return Node(page)
