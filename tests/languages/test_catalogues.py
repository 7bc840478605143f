"""Every sentence is translated with the same placeholders and tags (`make translations`)."""

import re

import pytest

from tools import translations
from tools.translations import DOMAINS, faults, load

pytestmark = pytest.mark.thorough

LANGUAGES = [
    pytest.param(domain, path, id=f"{domain.name}-{path.stem}")
    for domain in DOMAINS
    for path in domain.languages()
]
TAG = re.compile(r"<[^>]+>")
# Keeps "two-factor" in one line; German breaks elsewhere.
UNBROKEN = re.compile(r'<span class="(?:twofactor-)?nowrap">(.*?)</span>')
PLACE = re.compile(r"%\(\w+\)[sd]")


def pairs(path):
    """Each English form beside the translated one."""
    for message in load(path):
        if not message.id:
            continue  # the head of the file
        if isinstance(message.id, str):
            yield message.id, message.string
        else:
            yield from ((message.id[-1], text) for text in message.string[1:])


def test_german_is_there():
    assert all("de" in [path.stem for path in domain.languages()] for domain in DOMAINS)


@pytest.mark.parametrize(("domain", "path"), LANGUAGES)
def test_nothing_is_missing_fuzzy_or_obsolete(domain, path):
    assert faults(domain, path) == []


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_the_template_for_translators_has_the_sentences_of_the_code(domain):
    kept = {message.id for message in load(domain.template)}
    assert kept == {message.id for message in domain.collect()}
    assert len(kept) > 100


@pytest.mark.parametrize(("domain", "path"), LANGUAGES)
def test_placeholders_and_tags_are_those_of_the_english_sentence(domain, path):
    for english, text in pairs(path):
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english)), english
        there, here = (TAG.findall(UNBROKEN.sub(r"\1", each)) for each in (english, text))
        assert sorted(here) == sorted(there), english


@pytest.mark.parametrize(("domain", "path"), [each for each in LANGUAGES if "-de" in each.id])
def test_german_is_polite_and_says_the_usual_words(domain, path):
    for english, text in pairs(path):
        assert not re.search(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b", text), text
        if "uthenticator app" in english:
            assert "Authenticator-App" in text, text
        assert ("Zwei-Faktor" in text) or "wo-factor" not in english, text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda text: text.replace('msgstr "Abbrechen"', 'msgstr ""'), "untranslated: Cancel"),
        (lambda text: text.replace('msgid "Cancel"', '#, fuzzy\nmsgid "Cancel"'), "fuzzy: Cancel"),
        (lambda text: text + '\nmsgid "Gone"\nmsgstr "Weg"\n', "no longer said: Gone"),
        (
            lambda text: text.replace("es %(wait)s noch einmal", "es %(weit)s noch einmal"),
            "placeholder",
        ),
        (lambda text: text.replace('msgstr[1] "%(count)d Tage"', 'msgstr[1] ""'), "untranslated"),
    ],
)
def test_a_fault_is_found(change, fault, tmp_path):
    domain = translations.TWOFACTOR
    text = (domain.files / "de.po").read_text(encoding="utf-8")
    path = tmp_path / "de.po"
    path.write_text(change(text), encoding="utf-8")
    assert any(fault in found for found in faults(domain, path))
