"""The options of a host: lifetimes, names, templates, functions."""

from urllib.parse import quote

import pytest
from jinja2 import DictLoader

from .host import PASSWORD
from .person import MOUNT, Person, pending

pytestmark = pytest.mark.thorough

TITLE = "<title>{% block title %}{% endblock %}</title>"
NOTE, VAULT = "/outer/inner/note", "/outer/inner/vault"


@pytest.fixture
def made(factory, clock):
    """A person signed in at a host with these settings, with every area protected."""

    def made(areas=("sign_in", "note", "vault"), **config):
        person = Person(factory(**config), clock)
        person.sign_in()
        if areas is not None:
            person.enrol(list(areas))
        return person

    return made


def send(person, path=NOTE, code=""):
    return person.client.post(path, data={"text": "x", "twofactor_code": code}).status_code


class TestLifetimes:
    @pytest.mark.parametrize(("window", "status"), [(0, 403), (1, 303)])
    def test_window(self, made, clock, window, status):
        person = made(TWOFACTOR_WINDOW=window)
        clock.advance(60)
        assert send(person, code=person.code(-1)) == status
        assert send(person, code=person.code()) == 303

    @pytest.mark.parametrize("seconds", [0, 10, 3600])
    def test_view_seconds(self, made, clock, seconds):
        person = made(TWOFACTOR_VIEW_SECONDS=seconds)
        look = person.client.get
        clock.advance(3600)
        assert look(VAULT, headers={"X-Twofactor-Code": person.code()}).status_code == 200
        clock.advance(max(0, seconds - 1))
        assert look(VAULT).status_code == (200 if seconds else 403)
        clock.advance(2)
        assert look(VAULT).status_code == 403

    def test_fresh_seconds(self, made, clock):
        person = made(TWOFACTOR_FRESH_SECONDS=60)
        person.client.post("/logout")
        person.sign_in()
        person.post("/sign-in", {"code": person.code()})
        for seconds, asked in ((50, False), (11, True)):
            clock.advance(seconds)
            page = person.client.get(f"{MOUNT}/deactivate").text
            assert ('name="password"' in page) is asked

    @pytest.mark.parametrize(("seconds", "status"), [(59, 303), (61, 403)])
    def test_pass_seconds(self, made, clock, seconds, status):
        person = made(TWOFACTOR_PASS_SECONDS=60)
        comes_back = {"twofactor_code": person.code(), "again": "yes"}
        assert person.client.post(NOTE, data=comes_back).status_code == 200
        clock.advance(seconds)
        assert send(person) == status

    @pytest.mark.parametrize(("seconds", "right"), [(59, True), (61, False)])
    def test_pending_seconds(self, made, clock, seconds, right):
        person = made(TWOFACTOR_PENDING_SECONDS=60)
        other = person.other_browser()
        other.sign_in()
        carried = pending(person.client.post(NOTE, data={"text": "x"}).text)
        clock.advance(seconds)
        waiting = other.client.get(f"{MOUNT}/sign-in")
        assert waiting.status_code == (200 if right else 303)
        form = {"twofactor_pending": carried, "twofactor_code": person.code()}
        assert person.client.post(NOTE, data=form).status_code == (303 if right else 403)

    @pytest.mark.parametrize(("seconds", "there"), [(59, True), (61, False)])
    def test_enrolment_seconds(self, made, clock, seconds, there):
        person = made(None, TWOFACTOR_ENROLMENT_SECONDS=60)
        person.post("/activate", {"password": PASSWORD, "areas": ["note"]})
        clock.advance(seconds)
        assert ("twofactor-secret" in person.client.get(f"{MOUNT}/activate").text) is there


class TestNames:
    def uri(self, person):
        person.post("/activate", {"password": PASSWORD, "areas": ["note"]})
        page = person.client.get(f"{MOUNT}/activate").text
        assert 'id="twofactor-qr"' in page
        return page

    def test_issuer_and_account_name(self, made):
        options = {"account_name": lambda user: f"{user.username}@shop.example"}
        page = self.uri(made(None, TWOFACTOR_ISSUER="The Shop", options=options))
        assert "otpauth://totp/The%20Shop:alice%40shop.example?secret=" in page

    def test_without_them(self, made):
        assert "otpauth://totp/example:alice?secret=" in self.uri(made(None))

    def test_a_very_long_name_is_cut_where_a_phone_could_not_read_it(self, made):
        name = "漢" * 200
        page = self.uri(made(None, options={"account_name": lambda _user: name}))
        assert f"totp/example:{quote('漢' * 59 + '…')}?secret=" in page

    @pytest.mark.parametrize("target", [NOTE, "outer.inner.note"])
    def test_where_a_sign_in_leads(self, made, target):
        person = made(TWOFACTOR_AFTER_SIGN_IN=target)
        other = person.other_browser()
        other.sign_in()
        assert other.post("/sign-in", {"code": other.code()}).location == NOTE


class TestTemplates:
    def host(self, made, templates, **config):
        return made(templates=DictLoader(templates), **config)  # as the host's own folder

    def test_the_base_is_the_hosts(self, made):
        base = "<h1>The Shop</h1>{% block title %}{% endblock %}{% block content %}{% endblock %}"
        person = self.host(
            made, {"base.html": base}, areas=None, options={"base_template": "base.html"}
        )
        for path in ("/", "/activate"):
            assert "<h1>The Shop</h1>" in person.client.get(f"{MOUNT}{path}").text

    @pytest.mark.parametrize(
        ("head", "before"),
        [
            (TITLE, "<div class="),
            (f"{{% block head %}}<link href=mine.css>{TITLE}{{% endblock %}}", "</head>"),
        ],
    )
    def test_the_style_sheet_is_in_the_head_where_that_can_be_added_to(self, made, head, before):
        base = f"<head>{head}</head><body>{{% block content %}}{{% endblock %}}"
        person = self.host(
            made, {"base.html": base}, areas=None, options={"base_template": "base.html"}
        )
        page = person.client.get(f"{MOUNT}/").text
        assert "<title>Two-factor authentication</title>" in page
        for file in ("twofactor.css", "twofactor.js"):
            assert page.count(file) == 1
            assert page.index(file) < page.index(before)
        assert ("mine.css" in page) == ("mine.css" in head), "the host's own stay"

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("challenge", "/challenge?area=vault"),
            ("preferences", "/"),
            ("deactivate", "/deactivate"),
            ("recovery", "/recovery"),
        ],
    )
    def test_any_page_is_replaced_by_a_file_of_its_name(self, made, name, path):
        person = self.host(made, {f"twofactor/{name}.html": "mine, {{ current_user.username }}"})
        assert person.client.get(f"{MOUNT}{path}").text == "mine, alice"


class TestFunctions:
    def test_verify_password(self, made):
        options = {"verify_password": lambda user, password: password == user.username[::-1]}
        person = made(None, options=options)
        token = {"csrf_token": person.token(f"{MOUNT}/activate"), "areas": ["note"]}
        post = person.client.post
        assert post(f"{MOUNT}/activate", data={"password": PASSWORD, **token}).status_code == 403
        assert post(f"{MOUNT}/activate", data={"password": "ecila", **token}).status_code == 303

    def test_user_key_and_user_label(self, made):
        options = {
            "user_key": lambda user: f"user:{user.username}",
            "user_label": lambda key: key.removeprefix("user:").title(),
        }
        person = made(options=options)
        listed = person.app.test_cli_runner().invoke(args=["twofactor", "list", "--json"])
        assert '"user": "user:alice"' in listed.stdout
        assert '"name": "Alice"' in listed.stdout

    def test_login_user(self, made):
        entered = []
        options = {"login_user": lambda user, remember: entered.append((user.username, remember))}
        person = made(None, options=options)
        person.client.post(
            "/login", data={"username": "alice", "password": PASSWORD, "remember": "1"}
        )
        assert entered == [("alice", False), ("alice", True)]
