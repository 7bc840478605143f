"""A check of a page's texts against a catalogue, to find what is still English."""

import re
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
Pattern = re.Pattern[str]


@cache
def english(path: Path) -> tuple[list[tuple[str, Pattern]], list[tuple[str, Pattern]]]:
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
            pattern = ".+?".join(re.escape(part) for part in _PLACE.split(bare))
            words = re.findall(r"\w{2,}", _PLACE.sub("", bare))
            if len(words) > 2:
                long.append((text, re.compile(rf"(?<!\w){pattern}(?!\w)")))
            else:
                short.append((text, re.compile(pattern)))
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
        short, long = english(path)
        found |= {text for text, pattern in short if any(map(pattern.fullmatch, texts))}
        found |= {text for text, pattern in long if pattern.search(whole)}
    return found
