"""Options about looks: classes, blocks, the function that renders, the dialog beside its form."""

import re

import pytest
from flask import render_template, render_template_string
from flask_themes2 import Themes, render_theme_template
from jinja2 import ChoiceLoader, DictLoader

from portal.twofactor import BOOTSTRAP5, SetupError
from portal.twofactor.app.looks.roles import DEFAULT, STRUCTURE
from tests.docs import pages
from tests.support.html import parse
from tests.support.templates import CompiledTemplates
from tests.twofactor.host import PASSWORD, make_host
from tests.twofactor.passkeys.holder import NEW, ORIGIN, RP_ID, Holder
from tests.twofactor.passkeys.test_elsewhere import PHONE, after_the_password
from tests.twofactor.person import MOUNT, Person
from tests.twofactor.undo.changes import DAY, Browser, Changes

pytestmark = pytest.mark.thorough
LAYOUT = pages.ROOT / "docs" / "how-to" / "layout.md"
PLAIN = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


def set_up(host, **templates):
    """Give the host templates of its own."""
    pages = {f"{name}.html": text for name, text in templates.items()}
    host.jinja_loader = ChoiceLoader([DictLoader(pages)])
    return host


class TestClasses:
    @pytest.mark.parametrize("config", [{"options": {"classes": "bootstrap5"}}])
    def test_bootstrap(self, protected):
        """F-61"""
        page = protected.client.get(f"{MOUNT}/").text
        wanted = {
            "Save": "btn btn-primary twofactor-button",
            "New recovery code": "btn btn-secondary twofactor-button",
            "Deactivate": "btn btn-danger twofactor-button",
        }
        for text, classes in wanted.items():
            assert re.search(rf'<button class="{classes}"[^>]*>{text}<', page), text
        assert '<div class="twofactor-bootstrap5 twofactor twofactor-page"' in page
        used = {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()}
        assert used.isdisjoint(" ".join(DEFAULT.values()).split())

    @pytest.mark.parametrize("config", [{"options": {"classes": {"button_primary": "go"}}}])
    def test_a_role_of_its_own(self, protected):
        page = protected.client.get(f"{MOUNT}/").text
        assert '<button class="go twofactor-button" type="submit">Save<' in page
        assert '<button class="button button-secondary twofactor-button" type="submit">New' in page

    def test_ours_without_the_option(self, protected):
        page = protected.client.get(f"{MOUNT}/").text
        assert '<button class="button button-primary twofactor-button" type="submit">Save<' in page
        assert '<button class="button button-danger twofactor-button"' in page

    @pytest.mark.parametrize("config", [{"options": {"classes": {r: f"r-{r}" for r in DEFAULT}}}])
    def test_every_role_is_on_some_page(self, alice):
        """No role is named that no element has."""
        texts = [alice.client.get(f"{MOUNT}/activate").text]
        alice.enrol()
        texts += [alice.client.get(f"{MOUNT}{path}").text for path in ("/", "/deactivate", "/help")]
        texts += [alice.client.get("/note").text, alice.client.get("/vault").text]
        texts.append(alice.client.post("/note", data={"text": "1", "twofactor_code": "1"}).text)
        alice.post("/deactivate", {"code": alice.code()})
        texts.append(alice.client.get(f"{MOUNT}/").text)
        shown = set(re.findall(r"\br-(\w+)", " ".join(texts)))
        assert set(DEFAULT) - shown <= {"alert_info", "alert_success", "alert_warning"}

    @pytest.mark.parametrize(
        ("classes", "words"),
        [
            ("bootstrap6", "classes must be 'bootstrap5' or classes by role, not 'bootstrap6'"),
            (["btn"], "classes must be"),
            ({"knob": "x"}, "unknown role 'knob'"),
            ({"card": None}, r"classes\['card'\] must be text, not None"),
        ],
    )
    def test_a_wrong_one_stops_the_start(self, tmp_path, clock, classes, words):
        with pytest.raises(SetupError, match=words):
            make_host("sqlite://", tmp_path, clock, options={"classes": classes})

    def test_two_hosts_with_one_cache_of_templates(self, clock, tmp_path):
        """Compiled templates depend on the options, so a cache keeps them apart."""
        shared, pages = CompiledTemplates(), []
        for classes in (None, BOOTSTRAP5):
            app = make_host("sqlite://", tmp_path, clock, options={"classes": classes})
            app.jinja_env.bytecode_cache = shared
            pages.append(app.test_client().get(f"{MOUNT}/help").text)
            with app.app_context():
                app.db.engine.dispose()
        assert "btn" not in pages[0]
        assert "twofactor-bootstrap5" in pages[1]


OWN = {"options": {"classes": {role: f"r-{role}" for role in DEFAULT}}}
KEYS = {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}
BUTTONS = {"button_primary", "button_secondary", "button_danger", "button_link"}
ALERTS = {"alert_success", "alert_warning", "alert_error", "alert_info"}
ALIKE = (BUTTONS, ALERTS)
OF_TAG = {
    "button": BUTTONS,
    "label": {"label", "checkbox_label"},
    "h1": {"title"},
    "h2": {"heading"},
}


def roles_of(node):
    return set(re.findall(r"\br-(\w+)", node.get("class")))


def wanted(node, parent):
    """Return the roles of which an element needs one, by its tag and by how it is arranged."""
    arranged = [role for role, name in STRUCTURE.items() if name in node.get("class").split()]
    found = [next((kind for kind in ALIKE if role in kind), {role}) for role in arranged]
    if node.tag in OF_TAG:
        found.append(OF_TAG[node.tag])
    if node.tag == "input" and node.get("type") != "hidden" and "hidden" not in node.attributes:
        found.append({"checkbox" if node.get("type") in ("checkbox", "radio") else "input"})
    # A link within a sentence looks as links do there.
    if node.tag == "a" and (node.get("class") or parent.text == node.text):
        found.append({"link", *BUTTONS})
    # Shown by the script, or without it.
    if "data-twofactor-why" in node.attributes:
        found.append({"hint"})
    if "twofactor-passkey-says" in node.get("class"):
        assert "r-error" in node.get("data-wrong").split()
    return found


def shown_roles(page):
    """Return the roles on a page of ours, each element of which has its own."""
    roots = [node for node in parse(page) if "root" in roles_of(node)]
    assert roots, page
    shown = set()
    for root in roots:
        for parent in root:
            for node in parent.children:
                if isinstance(node, str):
                    continue
                lacking = [roles for roles in wanted(node, parent) if not roles & roles_of(node)]
                assert not lacking, f"{node.element} needs one of {lacking}"
                shown |= roles_of(node)
    return shown


@pytest.mark.parametrize("config", [OWN | KEYS | {"TWOFACTOR_PASSKEY_SIGN_IN": True}])
class TestEachPageHasItsRoles:
    """F-61: no page forgets a class where it asks, where it refuses, or where something is done."""

    @pytest.fixture
    def seen(self, host, clock):
        """The roles seen so far, by a function that looks at an answer."""

        def look(answer):
            look.roles |= shown_roles(answer if isinstance(answer, str) else answer.text)
            return answer

        look.roles = set()
        return look

    def test_activation(self, alice, seen):
        for path in ("/", "/activate", "/help"):
            seen(alice.client.get(f"{MOUNT}{path}"))
        seen(alice.post("/activate", {"password": "wrong", "areas": []}))
        alice.post("/activate", {"password": PASSWORD, "areas": ["note"], "kind": "app"})
        seen(alice.client.get(f"{MOUNT}/activate"))
        seen(alice.client.get(f"{MOUNT}/activate?step=1"))
        refused = seen(alice.post("/activate", {"code": "1"}))
        assert refused.status_code == 403
        alice.post("/activate", {"cancel": "yes"})
        alice.enrol(wait=30)
        seen(alice.client.get(f"{MOUNT}/activate/done"))
        assert seen.roles >= {"checkbox", "checkbox_label", "alert_error", "error", "input"}

    def test_passkeys(self, host, clock, seen):
        ada = Holder(host, clock, "ada")
        ada.sign_in()
        ada.post("/activate", {"password": PASSWORD, "areas": ["note"], "kind": "passkey"})
        seen(ada.client.get(f"{MOUNT}/activate"))
        ada.enrol_passkey()
        seen(ada.client.get(NEW))
        seen(ada.post("/authenticators/new", {"name": "x" * 50, "kind": "passkey"}))
        ada.begin(name="Blue key")
        seen(ada.client.get(f"{NEW}?step=2"))
        ada.add(name="Yubikey")
        seen(ada.client.get(f"{MOUNT}/"))
        path = f"/authenticators/{ada.numbers()['Yubikey']}"
        seen(ada.client.get(f"{MOUNT}{path}"))
        seen(ada.post(path, {"name": "x" * 50}, page=path))
        seen(ada.post(f"{path}/remove", {}, page=path))
        ada.post(path, {"name": "Green key"})
        assert "Green key" in seen(ada.client.get(f"{MOUNT}/")).text
        for page in ("/note", "/vault", f"{MOUNT}/deactivate", f"{MOUNT}/activity"):
            seen(ada.client.get(page))
        seen(ada.client.post("/note", data={"text": "1"}))
        assert seen.roles >= BUTTONS | {"input", "label", "hint", "error", "alert_success"}

    def test_a_passkey_for_this_device(self, host, clock, seen):
        ada = Holder(host, clock, "ada")
        ada.sign_in()
        ada.enrol_passkey(transports=PHONE)
        other = ada.other_browser()
        seen(other.client.get(other.sign_in().location))
        after_the_password(other)
        seen(other.client.get(f"{MOUNT}/"))
        assert "alert_info" in seen.roles

    def test_undo(self, host, protected, seen):
        with host.app_context():
            made = Changes(protected)
            made.replace_recovery_code()
            token, owner = made.token, Browser(host)
            asked = seen(owner.open(token, follow_redirects=True))
            seen(owner.confirm(asked.text))
            seen(Browser(host).open(token, follow_redirects=True))
        assert seen.roles >= {"alert_warning", "alert_error", "button_danger", "button_primary"}

    def test_check_ups(self, host, protected, clock, seen):
        clock.advance(14 * DAY)
        with host.test_request_context("/"):
            facts = host.twofactor.protection_of(host.db.session.get(host.User, protected.id))
            due = {"check_up": facts.check_up, "ways": facts.ways}
            seen(render_template("twofactor/_check_up.html", **due))
            seen(render_template("twofactor/_check_up.html", **due | {"check_up": ["no_recovery"]}))
        for path in ("/check-up", "/recovery/check"):
            seen(protected.client.get(f"{MOUNT}{path}"))
            seen(protected.post(path, {"code": ""}))
        protected.post("/recovery/check", {"code": protected.recovery_code})
        seen(protected.client.get(f"{MOUNT}/"))
        assert seen.roles >= {"card", "input", "error", "alert_success", "button_secondary"}

    def test_recovery(self, protected, clock, seen):
        clock.advance(1000)
        seen(protected.client.get(f"{MOUNT}/recovery"))
        seen(protected.post("/recovery", {"code": "1", "password": "wrong"}))
        protected.post("/recovery", {"code": protected.code(), "password": PASSWORD})
        seen(protected.client.get(f"{MOUNT}/recovery"))
        seen(protected.post("/recovery", {}))
        protected.post("/recovery", {"cancel": "yes"})
        protected.as_a_stranger().client.post("/logout")
        protected.sign_in()
        seen(protected.client.get(f"{MOUNT}/sign-in"))
        seen(protected.post("/sign-in", {"code": protected.wrong()}))
        by_recovery = "/sign-in?use=recovery"
        seen(protected.client.get(f"{MOUNT}{by_recovery}"))
        seen(protected.post(by_recovery, {"code": "1"}))
        new = {"new_password": "another horse battery", "repeat_password": "another horse battery"}
        done = protected.post(by_recovery, {"code": protected.recovery_code, **new})
        seen(protected.client.get(done.location))
        assert seen.roles >= {"alert_warning", "alert_error", "checkbox", "link", "hint"}


def test_the_style_sheet_has_no_left_and_no_right(host):
    """F-101: so it is right in languages that are written from right to left, too."""
    with host.test_client().get(f"{MOUNT}/static/twofactor.css") as answer:
        style = re.sub(r"/\*.*?\*/", "", answer.text, flags=re.DOTALL)
    assert not re.findall(r"[\w-]*\b(?:left|right|float)\b[^;}]*", style)
    for four in re.findall(r"(?:margin|padding|inset|border-\w+):((?: [\w.%()-]+){4})[;}]", style):
        _above, one, _below, other = four.split()
        assert one == other, four


class TestBlocks:
    def page(self, host, clock, **templates):
        """Alice's preferences; the first request looks for the base template."""
        alice = Person(set_up(host, **templates), clock)
        alice.sign_in()
        return alice.client.get(f"{MOUNT}/").text

    @pytest.mark.parametrize(
        "config",
        [{"options": {"base_template": "base.html", "blocks": {"content": "body", "head": "css"}}}],
    )
    def test_other_names(self, host, clock):
        """F-101"""
        base = "<head><title>{% block title %}{% endblock %}</title>{% block css %}{% endblock %}"
        page = self.page(host, clock, base=base + "</head>{% block body %}{% endblock %}")
        assert "<title>Two-factor authentication</title>" in page
        assert page.count("twofactor.css") == 1
        assert page.index("twofactor.css") < page.index("</head>") < page.index("<h1")

    @pytest.mark.parametrize(
        "config",
        [{"options": {"base_template": "base.html", "blocks": {"title": None, "head": None}}}],
    )
    def test_none(self, host, clock):
        base = "<title>Ours{% block title %}{% endblock %}</title>{% block head %}<i>{% endblock %}"
        page = self.page(host, clock, base=base + "{% block content %}{% endblock %}")
        assert "<title>Ours</title><i>" in page
        assert page.index("<i>") < page.index("twofactor.css") < page.index("<h1")

    @pytest.mark.parametrize("config", [{"options": {"base_template": "base.html"}}])
    @pytest.mark.parametrize("extends", [False, True])
    def test_a_title_that_holds_the_tag(self, host, clock, extends):
        base = "{% block title %}<title>Shop</title>{% endblock %}{% block content %}{% endblock %}"
        templates = {"base": base}
        if extends:
            templates = {"root": base, "base": '{% extends "root.html" %}'}
        page = self.page(host, clock, **templates)
        assert page.startswith("<title>Two-factor authentication</title>")

    @pytest.mark.parametrize("config", [{"options": {"base_template": "base.html"}}])
    @pytest.mark.parametrize("lacking", ["title", "head", "both"])
    def test_each_but_the_content_is_optional(self, host, clock, lacking):
        title = "" if lacking in ("title", "both") else "{% block title %}{% endblock %}"
        head = "" if lacking in ("head", "both") else "{% block head %}{% endblock %}"
        page = self.page(host, clock, base=title + head + "{% block content %}{% endblock %}")
        assert page.count("twofactor.css") == 1
        assert "<h1" in page

    @pytest.mark.parametrize("config", [{"options": {"base_template": "between.html"}}])
    @pytest.mark.parametrize("block", ["", "{% block title %}{% endblock %}"])
    def test_a_template_between(self, host, clock, block):
        """F-101: a layout whose title is a variable, and that fails for people not signed in."""
        between = next(
            b.text for b in pages.blocks("html+jinja", LAYOUT) if "self.title()" in b.text
        )
        rest = "{% block content %}{% endblock %}" + block
        base = "<title>{{ title or 'Shop' }}</title>{{ current_user.username.upper() }}" + rest
        out = "<title>{{ title }} - signed out</title>" + rest
        set_up(host, between=between, base=base, signed_out=out)
        alice = Person(host, clock)
        alice.sign_in()
        assert "<title>Two-factor authentication</title>ALICE" in alice.client.get(f"{MOUNT}/").text
        alice.enrol()
        elsewhere = alice.other_browser()
        elsewhere.sign_in()
        asked = elsewhere.client.get(f"{MOUNT}/sign-in").text
        assert "<title>Enter a code for: Sign-in - signed out</title>" in asked

    @pytest.mark.parametrize(
        ("blocks", "words"),
        [
            ("body", "blocks must be names of blocks"),
            ({"body": "content"}, "unknown block 'body'"),
            ({"content": None}, "must be a block of the base template, not None"),
            ({"content": "the body"}, "must be the name of a block, not 'the body'"),
            ({"content": "head"}, "must be different blocks"),
        ],
    )
    def test_a_wrong_one_stops_the_start(self, tmp_path, clock, blocks, words):
        with pytest.raises(SetupError, match=words):
            make_host("sqlite://", tmp_path, clock, options={"blocks": blocks})


class TestRender:
    @pytest.mark.parametrize(
        "config",
        [{"options": {"render": lambda t, **v: f"<!-- {t} -->" + render_template(t, **v)}}],
    )
    def test_it_renders_every_page_and_part(self, host, protected):
        answers = [
            protected.client.get(f"{MOUNT}/"),
            protected.client.get("/vault"),
            protected.client.get("/note"),
            protected.client.post("/note", data={"text": "1"}),
        ]
        names = [re.findall(r"<!-- (\S+) -->", answer.text) for answer in answers]
        assert names == [
            ["twofactor/preferences.html"],
            ["twofactor/challenge.html"],
            ["twofactor/_guard_dialog.html"],
            ["twofactor/challenge.html"],
        ]

    def test_a_theme_engine(self, tmp_path, clock):
        """F-68: Flask-Themes2, whose layouts use what only its own function gives."""
        theme = tmp_path / "themes" / "calm"
        (theme / "templates").mkdir(parents=True)
        (theme / "info.json").write_text(
            '{"application": "host", "identifier": "calm", "name": "Calm", "author": "Ada"}'
        )
        (theme / "templates" / "layout.html").write_text("<b>calm</b>" + PLAIN)

        def render(template, **values):
            return render_theme_template("calm", template, **values)

        options = {"render": render, "base_template": "wrapped.html"}
        host = make_host("sqlite://", tmp_path, clock, options=options)
        set_up(host, wrapped="{% extends theme('layout.html') %}")
        host._got_first_request = False
        Themes(host, app_identifier="host", loaders=[_loader(str(tmp_path / "themes"))])
        page = host.test_client().get(f"{MOUNT}/help")
        assert page.status_code == 200
        assert page.text.startswith("<b>calm</b><title>Help with two-factor authentication</title>")
        with host.app_context():
            host.db.engine.dispose()

    @pytest.mark.parametrize(
        ("render", "words"),
        [
            ("x", "render must be a function, not 'x'"),
            (str.upper, r"by name: render\(template, \*\*values\)"),
            (lambda name, **values: name + str(values), "a page has a value `name`"),
        ],
    )
    def test_a_wrong_one_stops_the_start(self, tmp_path, clock, render, words):
        with pytest.raises(SetupError, match=words):
            make_host("sqlite://", tmp_path, clock, options={"render": render})


def _loader(folder):
    from flask_themes2 import load_themes_from

    return lambda _app: load_themes_from(folder)


class TestDialogBesideItsForm:
    def test_its_field_belongs_to_the_form(self, host, protected):
        with host.test_request_context():
            from flask_login import login_user

            user = host.db.session.get(host.User, protected.id)
            login_user(user)
            shown = render_template_string('{{ twofactor_dialog("note", form="#that") }}')
        assert re.search(r'<input id="twofactor-note-code"[^>]* form="that"', shown)

    @pytest.mark.parametrize("form", ["that", "#", "# a", ".that", 5])
    def test_anything_but_an_id_is_a_mistake(self, host, protected, form):
        with host.test_request_context(), pytest.raises(SetupError, match="form must be"):
            render_template_string('{{ twofactor_dialog("note", form=form) }}', form=form)
