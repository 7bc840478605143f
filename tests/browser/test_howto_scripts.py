"""The scripts and forms of the how-tos, run in a browser."""

import re

import pytest
from flask import Response, render_template_string, send_file
from flask_login import login_user
from playwright.sync_api import expect

from portal.twofactor.testing import TwoFactorTesting
from tests.docs.conftest import code_of, run
from tests.docs.pages import ROOT, blocks
from tests.docs.prepared import namespace
from tests.support.browser import LOOKS

from .conftest import kept
from .staying import FOLDER, SCRIPTS, installed

HOW_TO = ROOT / "docs" / "how-to"
PAGE = """<!doctype html><html lang=en><head><title>Page</title><link rel=icon href="data:,">
%s</head><body><main><h1>Page</h1>%s<output></output></main></body></html>"""
LIBRARY = '<script src="/library/{}" defer></script>'
# A button of the host that runs a page's code and shows what came out.
PRESSED = """<button type=button>Go</button><script>
const token = "", payment = { amount: 300, payee: "Dana" };
document.querySelector("button").onclick = async () => {
  let said = "";
  {%% raw %%}%s{%% endraw %%}
  document.querySelector("output").textContent = `${%s}`;
};</script>"""


class Host:
    """The application of a how-to, with a page that has its form and its script."""

    def __init__(self, folder, name):
        self.names = namespace(folder)
        self.page = HOW_TO / f"{name}.md"
        for block in code_of(self.page):
            run(self.names, block)
        self.app, self.db = self.names["app"], self.names["db"]
        self.app.add_url_rule("/in", "in", self.come_in)
        self.app.add_url_rule("/library/<name>", "library", self.library)
        guarded = self.names["twofactor"].required
        if "profile" in self.app.view_functions:
            self.app.add_url_rule(
                "/profile", "gone", guarded("profile")(self.gone), methods=["DELETE"]
            )
        self.removed = 0
        self.shown = {}
        self.app.add_url_rule("/page/<part>", "page", self.part)

    def user(self):
        return self.db.session.get(self.names["User"], 1)

    def come_in(self):
        login_user(self.user())
        return "in"

    def library(self, name):
        return send_file(FOLDER / "node_modules" / SCRIPTS[name])

    def gone(self):
        self.removed += 1
        return Response(status=204)

    def blocks(self, language):
        return [block.text for block in blocks(language, self.page)]

    def shows(self, head, body):
        """Fill the page, below `/page/whole`."""
        self.shown["whole"] = PAGE % (head, body)

    def part(self, part):
        return render_template_string(self.shown[part], csrf_token=lambda: "")

    @property
    def name(self):
        with self.app.app_context():
            return self.user().name


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def host(request, tmp_path):
    with kept(Host(tmp_path, request.param)) as made:
        yield made


@pytest.fixture
def app(host):
    return host.app


@pytest.fixture
def phone(host, app):
    with app.app_context():
        host.db.create_all()
        host.db.session.add(host.names["User"]())
        host.db.session.commit()
        return TwoFactorTesting(app).enrol(host.user())


@pytest.fixture
def ada(person, phone):
    person.open("/in")
    yield person
    # Chromium and htmx log each refusal.
    person.watch.overlook("twofactor_|Response Status Error Code 403|.* of 403 ")


def of(name):
    return pytest.mark.parametrize("host", [name], indirect=True, ids=[name])


def save(person, phone, text):
    """Send the form; a wrong code first, which the page tells without losing the text."""
    person.page.get_by_label("Name").fill(text)
    person.page.get_by_role("button", name="Save", exact=True).click()
    person.dialog.get_by_label("Code").fill(phone.code())
    person.page.keyboard.press("Enter")


@of("htmx")
@pytest.mark.parametrize("library", ["htmx-2", "htmx-4"])
@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_a_form_of_htmx(host, ada, phone, library, fragment):
    """The form of the page, or of a fragment that htmx loads."""
    installed()
    form, script = host.blocks("html+jinja")
    head = LIBRARY.format(library)
    if fragment:
        host.shows(head + script, '<div hx-get="/page/fragment" hx-trigger="load"></div>')
        host.shown["fragment"] = form
    else:
        host.shows(head, form)
    ada.open("/page/whole")
    save(ada, phone, "Ada L.")
    expect(ada.page.locator("#out")).to_have_text("profile")
    assert host.name == "Ada L."


@of("turbo")
def test_a_form_of_turbo(host, ada, phone):
    installed()
    (form,) = host.blocks("html+jinja")
    host.shows(LIBRARY.format("turbo"), form)
    ada.open("/page/whole")
    save(ada, phone, "Ada L.")
    expect(ada.page).to_have_url(re.compile("/profile$"))
    assert host.name == "Ada L."


@of("fetch")
def test_a_form_that_a_listener_sends(host, ada, phone):
    """A refusal brings the dialog back, and the next code sends the form."""
    script, *_ = host.blocks("js")
    (form, *_) = blocks("html+jinja", HOW_TO / "turbo.md")
    listener = f'<script>const form = document.querySelector("form");{script}</script>'
    host.shows("", form.text + "{% raw %}" + listener + "{% endraw %}")
    ada.open("/page/whole")
    ada.page.get_by_label("Name").fill("Ada L.")
    ada.press("Save")
    ada.dialog.get_by_label("Code").fill(phone.wrong_code())
    ada.page.keyboard.press("Enter")
    expect(ada.dialog.get_by_text("is wrong").first).to_be_visible()
    with ada.page.expect_response(lambda answer: answer.ok and "/profile" in answer.url):
        ada.dialog.get_by_label("Code").fill(phone.code())
        ada.page.keyboard.press("Enter")
    assert host.name == "Ada L."


@of("fetch")
@pytest.mark.parametrize("which", [1, 2], ids=["code", "headers"])
def test_a_code_without_a_form(host, ada, phone, which):
    (script, *_) = host.blocks("html+jinja")
    code = host.blocks("js")[which]
    host.shows(script, PRESSED % (code, '"done"'))
    ada.open("/page/whole")
    ada.press("Go")
    ada.press("Cancel", ada.dialog)
    expect(ada.page.locator("output")).to_have_text("done")
    assert host.removed == 0
    ada.open("/page/whole")
    ada.press("Go")
    ada.dialog.get_by_label("Code").fill(phone.code())
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("output")).to_have_text("done")
    assert host.removed == 1


@of("exact")
def test_what_is_sent_is_what_is_shown(host, ada, phone):
    (code,) = host.blocks("js")
    (script, *_) = blocks("html+jinja", HOW_TO / "fetch.md")
    host.shows(script.text, PRESSED % (code, "await answer.text()"))
    ada.open("/page/whole")
    ada.press("Go")
    expect(ada.dialog.get_by_text("300 EUR to Dana").first).to_be_visible()
    ada.dialog.get_by_label("Code").fill(phone.code())
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("output")).to_contain_text('"paid":300')
