"""Every sentence for people in templates and code is translated."""

import ast
import re
from html.parser import HTMLParser

import jinja2
import pytest
from jinja2 import nodes

from tools.translations import DOMAINS

LETTERS = re.compile(r"[^\W\d_]{2,}")
NAMES = {"PDF", "ZIP"}  # names that are the same in all languages
ATTRIBUTES = {"alt", "aria-label", "aria-description", "data-label", "placeholder", "title"}
# A sentence rather than an identifier: it begins like one and has a space in it.
SENTENCE = re.compile(r"[A-Z][\w'’-]* \S|[A-Z][a-z]+[.!?:]$")
TEMPLATES = [
    pytest.param(domain, path, id=path.name)
    for domain in DOMAINS
    for _method, path in domain.sources()
    if path.suffix == ".html"
]


class Words(HTMLParser):
    """The untranslated words of a template."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.inside = ""

    def handle_data(self, data):
        if self.inside != "style" and LETTERS.search(data) and data.strip() not in NAMES:
            self.found.append(data.strip())

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        for name, value in attrs:
            if name in ATTRIBUTES and LETTERS.search(value or ""):
                self.found.append(f"{name}={value}")


def written(source):
    """The text of a template outside its expressions."""
    tokens = jinja2.Environment().lex(source)
    html = "".join(value for _line, kind, value in tokens if kind == "data")
    words = Words()
    words.feed(html)
    words.close()
    return words.found


def spoken(node, marks):
    """The string constants in a template's expressions, outside calls that translate."""
    if isinstance(node, nodes.Call) and getattr(node.node, "name", None) in marks:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from spoken(child, marks)


@pytest.mark.parametrize(("domain", "path"), TEMPLATES)
def test_templates_have_no_untranslated_text(domain, path):
    source = path.read_text(encoding="utf-8")
    assert written(source) == []
    constants = spoken(jinja2.Environment().parse(source), domain.jinja)
    assert [text for text in constants if SENTENCE.search(text)] == []


def test_untranslated_text_in_a_template_is_found():
    assert written("<p>Hello</p>") == ["Hello"]
    assert written("<p>{{ text('Hello') }}</p><i title='Hi there'>") == ["title=Hi there"]
    tree = jinja2.Environment().parse("{{ text('Good day') }}{{ field('Good evening') }}")
    assert list(spoken(tree, {"text": None})) == ["Good evening"]


# Texts for operators and programmers stay English, as do documents made once for all.
FOR_OPERATORS = re.compile(r"Error|Exception|^log$|logger|^option$|^argument$|^group$|^echo$")
NO_PAGES = {"cli", "cli.py", "config.py", "issuer.py", "testing.py", "demo.py"}
WHOLE = re.compile(r"[A-Z][\w'’-]* .*[.!?]$", re.DOTALL)
CODE = [
    pytest.param(domain, path, id=str(path.relative_to(domain.folder)))
    for domain in DOMAINS
    for _method, path in domain.sources()
    if path.suffix == ".py" and not NO_PAGES.intersection(path.parts)
]


def called(node):
    """The names of the called function and of its object."""
    names = []
    function = node.func
    while isinstance(function, ast.Attribute):
        names.append(function.attr)
        function = function.value
    if isinstance(function, ast.Name):
        names.append(function.id)
    return names


def plain(node, marks):
    """The untranslated texts in the code that reach people."""
    if isinstance(node, ast.Call):
        names = called(node)
        if any(FOR_OPERATORS.search(name) for name in names) or marks.keys() & names[:1]:
            return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Constant) and WHOLE.match(str(node.value)):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from plain(child, marks)


@pytest.mark.parametrize(("domain", "path"), CODE)
def test_modules_have_no_untranslated_text(domain, path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert list(plain(tree, domain.python)) == []


def test_untranslated_text_in_a_module_is_found():
    tree = ast.parse('flash("It was saved.")\nflash(_("It is gone."))\nlog.info("It is over.")')
    assert list(plain(tree, {"_": None})) == ["It was saved."]
