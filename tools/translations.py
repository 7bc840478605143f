"""Collect the sentences for people from the code and update the `.po` files.

`make translations` writes the templates (`.pot`) and the `.po` files. New sentences are left empty,
deleted ones are removed. `python -m tools.translations --add fr` adds a language.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
Keywords = dict[str, tuple[int, ...] | None]


@dataclass(frozen=True)
class Domain:
    """A catalogue: the folder of its sentences and the functions that mark them."""

    name: str
    folder: Path
    python: Keywords
    jinja: Keywords
    beside: tuple[Path, ...] = ()

    @property
    def files(self) -> Path:
        """The folder of its `.po` files."""
        return self.folder / "translations"

    @property
    def template(self) -> Path:
        """The template (`.pot`) for new translations."""
        return self.files / f"{self.name}.pot"

    def languages(self) -> list[Path]:
        """Return the `.po` files."""
        return sorted(self.files.glob("*.po"))

    def sources(self) -> Iterator[tuple[str, Path]]:
        """Yield the source files, each with Babel's extraction method."""
        for method, pattern in (("python", "*.py"), ("jinja2.ext:babel_extract", "*.html")):
            for path in sorted(self.folder.rglob(pattern)):
                if not any(path.is_relative_to(other) for other in self.beside):
                    yield method, path

    def collect(self) -> Catalog:
        """Return all sentences of the code."""
        catalog = Catalog()
        for method, path in self.sources():
            keywords = self.python if method == "python" else self.jinja
            place = path.relative_to(ROOT).as_posix()
            for line, text, _comments, context in extract_from_file(method, path, keywords):
                catalog.add(text, None, [(place, line)], context=context)
        return catalog


TWOFACTOR = Domain(
    name="twofactor",
    folder=ROOT / "portal" / "twofactor",
    python={"_": None, "later": None, "plural": (1, 2), "Area": (2,), "_phrase": None},
    jinja={"twofactor_text": None, "twofactor_texts": (1, 2)},
)
PORTAL = Domain(
    name="portal",
    folder=ROOT / "portal",
    python={"_": None, "later": None, "lazy": None, "plural": (1, 2)},
    jinja={"_": None, "plural": (1, 2)},
    beside=(TWOFACTOR.folder,),
)
DOMAINS = (TWOFACTOR, PORTAL)


def load(path: Path) -> Catalog:
    """Return the catalogue of a `.po` file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def save(path: Path, catalog: Catalog) -> None:
    """Write a catalogue without dates, so the same sentences give the same file."""
    is_template = path.suffix == ".pot"
    head = ["Content-Type: text/plain; charset=utf-8"]
    if not is_template:
        head += [f"Language: {catalog.locale_identifier}", f"Plural-Forms: {catalog.plural_forms}"]
    with path.open("wb") as file:
        file.write(b'# Made with: make translations\nmsgid ""\nmsgstr ""\n')
        file.writelines(f'"{line}\\n"\n'.encode() for line in head)
        file.write(b"\n")
        write_po(
            file,
            catalog,
            width=100,
            omit_header=True,
            ignore_obsolete=True,
            no_location=not is_template,
            include_lineno=False,
        )


def faults(domain: Domain, path: Path) -> list[str]:
    """Return the errors of a translation: missing, fuzzy, obsolete or wrong placeholders."""
    wanted = domain.collect()
    catalog = load(path)
    found = [f"no longer said: {_first(message)}" for message in catalog.obsolete.values()]
    for message in catalog:
        if message.id and message.id not in wanted:
            found.append(f"no longer said: {_first(message)}")
        found += [f"{error}: {_first(message)}" for error in message.check(catalog)]
    for message in wanted:
        if not message.id:
            continue
        there = catalog.get(message.id)
        if there is None or not _is_whole(there):
            found.append(f"untranslated: {_first(message)}")
        elif there.fuzzy:
            found.append(f"fuzzy: {_first(message)}")
    return found


def _is_whole(message: Message) -> bool:
    texts = [message.string] if isinstance(message.string, str) else message.string or []
    return bool(texts) and all(texts)


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def main() -> int:
    """Update all files and print what is left to translate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--add", metavar="LOCALE", help="begin a language, e.g. fr or pt_BR")
    arguments = parser.parse_args()
    left = 0
    for domain in DOMAINS:
        template = domain.collect()
        domain.files.mkdir(exist_ok=True)
        save(domain.template, template)
        paths = domain.languages()
        if arguments.add:
            paths.append(domain.files / f"{arguments.add}.po")
        for path in dict.fromkeys(paths):
            catalog = load(path) if path.exists() else Catalog(locale=path.stem)
            catalog.update(template, no_fuzzy_matching=True)
            save(path, catalog)
            for fault in faults(domain, path):
                left += 1
                sys.stdout.write(f"{path.relative_to(ROOT)}: {fault}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
