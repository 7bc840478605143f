"""Catalogues of translations: one `.po` file for each language, read at its first use.

The files need no compilation. Babel reads them. A language without a file needs no Babel and gets
the English sentences of the code. This module does not use Flask.
"""

import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from importlib.util import find_spec
from pathlib import Path

from ..core.errors import SetupError

TRANSLATIONS = Path(__file__).parents[1] / "translations"
SOURCE = "en"
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_LOCALE = re.compile(r"[A-Za-z]{2,8}(_[A-Za-z0-9]{1,8})*")
_NAME = re.compile(r"%\((\w+)\)")
log = logging.getLogger("flask_twofactor.translations")


def later(message: str) -> str:
    """Mark a sentence for extraction; it is translated where it is used."""
    return message


class BrokenFile(ValueError):
    """A `.po` file can't be read; the message has its path and the reason."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its sentences.

    Args:
        tag: language tag for HTML (BCP 47), e.g. "de" or "pt-BR".
        texts: the translations of the English sentences.
    """

    tag: str
    texts: NullTranslations

    @property
    def is_right_to_left(self) -> bool:
        """Return whether the language is written from right to left."""
        return self.tag.partition("-")[0] in RIGHT_TO_LEFT


class Catalogues:
    """The languages in one or more folders.

    Args:
        folders: folders with `.po` files; the first folder with a sentence wins.
        worded: changes the translations of each language, see `without_password`.
    """

    def __init__(
        self,
        *folders: Path,
        worded: Callable[[NullTranslations], NullTranslations] | None = None,
    ) -> None:
        self._folders = folders
        self._worded = worded
        self._known: dict[str, Language] = {}

    def of(self, locale: str) -> Language:
        """Return the language of a locale. "de_AT" uses "de_AT", then "de", then English.

        Args:
            locale: identifier as in Babel, e.g. "de_AT".
        """
        known = self._known.get(locale)
        if known is None:
            known = self._known[locale] = self._read(locale)
        return known

    def names(self) -> list[str]:
        """Return the locales that have a file, and English, sorted."""
        found = {path.stem for folder in self._folders for path in folder.glob("*.po")}
        return sorted(found | {SOURCE})

    def _read(self, locale: str) -> Language:
        files = [
            path
            for name in (*_general(locale), SOURCE)
            for path in (folder / f"{name}.po" for folder in self._folders)
            if path.is_file()
        ]
        texts = NullTranslations()
        for path in reversed(files):
            more = read(path)
            more.add_fallback(texts)
            texts = more
        texts = self._worded(texts) if self._worded else texts
        return Language(files[0].stem.replace("_", "-") if files else SOURCE, texts)


def find_catalogues(
    root: str,
    folder: str,
    worded: Callable[[NullTranslations], NullTranslations] | None = None,
) -> Catalogues:
    """Return the catalogues of an application, its own sentences before those of this package.

    Args:
        root: path that the folder is relative to.
        folder: the setting TWOFACTOR_TRANSLATIONS, "" if it is not set.
        worded: as in `Catalogues`.

    Raises:
        SetupError: Babel is missing, the folder has no `.po` file or a file can't be read.
    """
    if not folder:
        return Catalogues(TRANSLATIONS, worded=worded)
    if find_spec("babel") is None:
        raise SetupError("TWOFACTOR_TRANSLATIONS needs Babel: install the extra 'babel'")
    own = Path(root, folder)
    files = sorted(own.glob("*.po"))
    if not files:
        raise SetupError(f"TWOFACTOR_TRANSLATIONS: there is no file such as {own / 'de.po'}")
    for path in files:
        try:
            read(path)
        except BrokenFile as error:
            raise SetupError(f"TWOFACTOR_TRANSLATIONS: {error}") from None
    return Catalogues(own, TRANSLATIONS, worded=worded)


def read(path: Path) -> NullTranslations:
    """Read the sentences of a file, without those whose placeholders differ from the English.

    Raises:
        BrokenFile: the file can't be read.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.stem, ignore_obsolete=True, abort_invalid=True)
    except (OSError, PoFileError, ValueError) as error:
        raise BrokenFile(f"{path}: {error}") from None
    for message in list(catalog):
        if isinstance(message.string, tuple | list):
            message.string = _filled_up(tuple(message.string), catalog.num_plurals)
        ids, texts = _forms(message.id), _forms(message.string)
        if message.id and not _fits(ids, texts):
            log.warning("%s: the placeholders of %r do not fit", path, ids[0])
            catalog.delete(message.id, message.context)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _general(locale: str) -> Iterator[str]:
    """Yield "zh_Hans_CN", "zh_Hans" and "zh" for "zh_Hans_CN"; nothing for an invalid locale."""
    locale = locale.partition("@")[0]
    if not _LOCALE.fullmatch(locale):
        return
    while locale:
        yield locale
        locale = locale.rpartition("_")[0]


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def _filled_up(forms: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return as many plural forms as a language has, the last one repeated where some are missing.

    A file without `Plural-Forms` gets those of Babel, which may know one more than the translator:
    French has two or three.
    """
    there = [form for form in forms if form]
    return (*there, *there[-1:] * (count - len(there))) if there else forms


def _fits(ids: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    """Return whether the English sentence's placeholders can fill every form of a translation."""
    names = {name for text in ids for name in _NAME.findall(text)}
    if not names:
        return True
    try:
        for text in texts:
            text % dict.fromkeys(names, 1)
    except (KeyError, TypeError, ValueError):
        return False
    return True
