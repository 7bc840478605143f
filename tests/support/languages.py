"""A check of a page's texts against a catalogue, to find what is still English."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from .html import Node, parse

ROOT = Path(__file__).resolve().parents[2]
# Attributes that people read or hear.
SPOKEN = ("alt", "aria-label", "aria-description", "placeholder", "title")
SPOKEN_TOO = "data-twofactor-"
_PLACE = re.compile(r"%\(\w+\)[sd]")
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English sentence, and how it is found in a page."""

    text: str
    parts: tuple[str, ...]
    pattern: re.Pattern[str]

    def may_be_in(self, page: str) -> bool:
        """Tell whether a page has all the words between its values; most have not."""
        return all(part in page for part in self.parts)


@cache
def english(path: Path) -> tuple[list[Sentence], list[Sentence]]:
    """The sentences that read otherwise in the file's language: short ones, and long ones."""
    short, long = [], []
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.stem)
    for message in catalog:
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in ids:
            if not text or text in texts:
                continue
            bare = " ".join(_TAG.sub("", text).split())
            parts = tuple(_PLACE.split(bare))
            pattern = ".+?".join(map(re.escape, parts))
            words = re.findall(r"\w{2,}", _PLACE.sub("", bare))
            if len(words) > 2:
                long.append(Sentence(text, parts, re.compile(rf"(?<!\w){pattern}(?!\w)")))
            else:
                short.append(Sentence(text, parts, re.compile(pattern)))
    return short, long


def visible(node: Node) -> list[str]:
    """The texts of a page, one an element or attribute; not those that say they are in another
    language than the page.
    """
    texts: list[str] = []
    if node.tag in ("script", "style") or (node.tag != "html" and node.get("lang") == "en"):
        return texts
    own = " ".join(child for child in node.children if isinstance(child, str))
    texts.append(" ".join(own.split()))
    for name, value in node.attributes.items():
        if name in SPOKEN or name.startswith(SPOKEN_TOO):
            texts.append(" ".join(value.split()))
    for child in node.children:
        if isinstance(child, Node):
            texts += visible(child)
    return [text for text in texts if text]


def left_in_english(html: str, *catalogues: Path) -> set[str]:
    """The sentences of the catalogues that the page shows untranslated."""
    page = parse(html)
    texts = visible(page)
    whole = " ".join([page.text, *texts])
    found: set[str] = set()
    for path in catalogues:
        short, long = ([s for s in some if s.may_be_in(whole)] for some in english(path))
        found |= {each.text for each in short if any(map(each.pattern.fullmatch, texts))}
        found |= {each.text for each in long if each.pattern.search(whole)}
    return found
