"""Plain English and plain German: no sentence has a word or a pattern of the lists below."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.translations import DOMAINS, load

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]

# English that is German word by word: nowhere, not even in comments.
TRANSLATED = [
    r"stands? (on|in|at|there|here) (the|your|a)\b",
    r"look(s|ed)? into\b",
    r"\bled (back|on) (to|here)\b",
    r"stays? good\b",
    r"\bare void\b",
    r"\bis void\b",
    r"\bthe old one void\b",
    r"\bwhoever\b",
    r"\bthe one which\b",
    r"\bwhat was typed\b",
    r"\bis waited for\b",
    r"\bwith which (you|one)\b",
    r"\bone has to\b",
    r"\bnobody else's\b",
    r"\bnothing to be done about\b",
    r"\bpresent (password|address|code|one)\b",
    r"\blook whether\b",
    r"\bto (him|her) who\b",
]
# Words for which there is another one in sentences for people (one word for one thing), and
# claims that nobody can make.
FOR_PEOPLE = [
    r"\bswitch(es|ed|ing)? (it |two-factor authentication |this )?(on|off)\b",
    r"\bis asked for\b",
    r"\basks for no code\b",
    r"\bsecret\b",
    r"\bprinted sheet\b",
    r"\bsessions?\b",
    r"\bthe operator\b",
    r"\bsecond factor\b(?! is)",
    r"\bentry\b",
    r"\bis not right\b",
    r"\bnothing was (done|changed)\b",
    r"\bnot accepted any more\b",
    r"\bunwanted mail\b",
    r"\bForgotten your\b",
    r"\bmeanwhile\b",
    r"\bif it was not you\b",
]
IN_GERMAN = [
    r"Geheimnis",
    r"\bSitzung",
    r"Mein Telefon",
    r"(?:\d|\)[sd]) Minuten lang",
    r"Nach einem Code fragen",
    r"Bestätigen Sie, dass Sie es sind",
    r"\bdu\b",
    r"\bDein",
]
# Left as they are: what was written at the time, and tables that quote.
LISTS = {"tests/languages/test_words.py", "tests/packaging/test_docstrings.py"}
QUOTING = {"CHANGELOG.md", "docs/security.md", "docs/performance.md"}


def prose():
    """The files with words of ours: documentation, code, templates, commands."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md", "*.py", "*.html", "*.js", "*.css", "Makefile", "deploy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.split("\0"):
        if name and name not in QUOTING and name not in LISTS:
            yield name, (ROOT / name).read_text()


def found(patterns, text):
    """The banned words in a text, with a few words around them."""
    flat = re.sub(r"\s*\n\s*(#\s|//\s|\*\s)?", " ", text)
    return [
        flat[max(0, match.start() - 50) : match.end() + 30]
        for pattern in patterns
        for match in re.finditer(pattern, flat, re.IGNORECASE)
    ]


def test_nothing_reads_like_translated_german():
    faults = [f"{name}: …{place}…" for name, text in prose() for place in found(TRANSLATED, text)]
    assert faults == []


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_people_read_one_word_for_one_thing(domain):
    faults = []
    for message in domain.collect():
        forms = message.id if isinstance(message.id, tuple | list) else (message.id,)
        faults += [place for form in forms for place in found(FOR_PEOPLE, form)]
    # True of a passkey that is refused before the deed, and the design's own words.
    assert [
        each for each in faults if "may have been copied, so nothing was done" not in each
    ] == []


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_german_is_not_translated_english(domain):
    (path,) = [path for path in domain.languages() if path.stem == "de"]
    faults = []
    for message in load(path):
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        faults += [
            text
            for form in forms
            for pattern in IN_GERMAN
            for text in re.findall(f".*{pattern}.*", form)
        ]
    assert faults == []


def test_a_title_of_the_documentation_names_what_the_reader_does():
    """No heading is a question in a riddle, and none ends like a sentence."""
    for name, text in prose():
        if name.endswith(".md"):
            titles = re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)
            assert [title for title in titles if title.endswith(".")] == [], name


def test_the_lists_find_what_they_are_for():
    assert found(TRANSLATED, "What stands on your\ninvoices")
    assert found(FOR_PEOPLE, "A code is asked for here")
    assert not found(FOR_PEOPLE, "Enter the 6-digit code from your app")
