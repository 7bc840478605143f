"""Hosts whose Jinja has other delimiters, since Vue or Angular reads the usual ones."""

import pytest
from flask import Flask
from jinja2 import DictLoader

from tests.twofactor.host import make_host
from tests.twofactor.looks.test_spoken import HELP, NAMES, TITLES, speak, title

pytestmark = [pytest.mark.thorough, pytest.mark.looks]

VUE = {"variable_start_string": "[[", "variable_end_string": "]]"}
OTHERS = {
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "block_start_string": "<%",
    "block_end_string": "%>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}
LAYOUTS = [
    "{% block title %}{% endblock %}{% block content %}{% endblock %}[[ 3 + 4 ]]{{ 3 + 4 }}",
    "<% block title %><% endblock %><% block content %><% endblock %><< 3 + 4 >>{{ 3 + 4 }}",
]


def with_delimiters(delimiters, folder, clock, monkeypatch, **options):
    with monkeypatch.context() as patch:
        patch.setattr(Flask, "jinja_options", delimiters)
        return make_host("sqlite://", folder, clock, options=options)


@pytest.mark.parametrize("delimiters", [VUE, OTHERS])
def test_templates_are_the_same(host, clock, tmp_path, monkeypatch, delimiters):
    other = with_delimiters(delimiters, tmp_path, clock, monkeypatch)
    for name in NAMES:
        usual, translated = (
            app.jinja_env.parse(app.jinja_env.loader.get_source(app.jinja_env, name)[0])
            for app in (host, other)
        )
        assert usual == translated, name


@pytest.mark.parametrize(
    ("delimiters", "layout"), [(VUE, LAYOUTS[0]), (OTHERS, LAYOUTS[1])], ids=["vue", "others"]
)
def test_pages_in_a_layout_of_the_host(clock, tmp_path, monkeypatch, delimiters, layout):
    options = {"base_template": "base.html", "classes": {"page": "wide"}}
    app = with_delimiters(delimiters, tmp_path, clock, monkeypatch, **options)
    app.jinja_loader = DictLoader({"base.html": layout})
    client = speak(app).test_client()
    for tag in ("en", "de"):
        page = client.get(HELP, headers={"Accept-Language": tag}).text
        assert page.startswith(TITLES[tag])
        assert page.endswith("7{{ 3 + 4 }}")
        assert page.count("{{") == 1
        assert "{#" not in page
        assert "wide" in page


def test_pages_in_our_layout(clock, tmp_path, monkeypatch):
    client = speak(with_delimiters(OTHERS, tmp_path, clock, monkeypatch)).test_client()
    for tag in ("en", "de"):
        assert TITLES[tag] in title(client, tag)


def test_the_tag_of_a_title_is_found(clock, tmp_path, monkeypatch):
    app = with_delimiters(OTHERS, tmp_path, clock, monkeypatch, base_template="base.html")
    head = "<% block title %><title>Shop</title><% endblock %>"
    layouts = {"shop.html": f"{head}<% block content %><% endblock %>"}
    layouts["base.html"] = '<% extends "shop.html" %>'
    app.jinja_loader = DictLoader(layouts)
    assert TITLES["en"] in title(app.test_client(), "en")
