"""The Content-Security-Policy: the host's wins, ours comes where there is none (F-60)."""

import base64
import hashlib
import json
import re

import pytest
from flask import g
from flask_talisman import Talisman
from jinja2 import DictLoader
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from portal.twofactor import SetupError
from tests.twofactor.hosts.small import make_small
from tests.twofactor.person import MOUNT

pytestmark = pytest.mark.thorough

HEADER = "Content-Security-Policy"
OURS = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
CDN = "https://cdn.example.com"
THEIRS = f"default-src 'self' {CDN}"
SCRIPT = "document.title = 1"
HASH = f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"
LAYOUT = f"""<!doctype html>
<link rel="stylesheet" href="{CDN}/shop.css"><script src="{CDN}/shop.js"></script>
<script nonce="NONCE">{SCRIPT}</script><style nonce="NONCE">p {{ color: red }}</style>
<script type="application/json">{{}}</script>{{% block content %}}{{% endblock %}}"""
PAGES = (f"{MOUNT}/", f"{MOUNT}/help", "/vault", "/note")


def policies(person):
    """The policy of a page, of the help, of a challenge before a page and of one in its place."""
    pages = [person.client.get(path) for path in PAGES[:3]]
    pages.append(person.client.post("/note", data={"text": "1"}))
    assert [page.status_code for page in pages] == [200, 200, 403, 403]
    return [page.headers.getlist(HEADER) for page in pages]


def add(host, function):
    """Add an `after_request` function after `init_app`; the host has had its first request."""
    host._got_first_request = False
    host.after_request(function)
    host._got_first_request = True


class TestWithoutAPolicyOfTheHost:
    def test_ours_is_sent(self, protected):
        page, help_page, challenge, deed = policies(protected)
        assert page == help_page == [f"{OURS}; form-action 'self'"]
        # Browsers apply form-action to redirects: the host's view may lead anywhere.
        assert challenge == deed == [OURS]

    def test_pages_of_the_host_get_none(self, protected):
        for path in ("/", "/login"):
            assert HEADER not in protected.client.get(path).headers

    @pytest.mark.parametrize("config", [{"TWOFACTOR_CSP": THEIRS}])
    def test_a_setting_takes_its_place(self, protected):
        assert policies(protected) == [[THEIRS]] * 4

    @pytest.mark.parametrize("config", [{"TWOFACTOR_CSP": ""}, {"TWOFACTOR_CSP": False}])
    def test_a_setting_sends_none(self, protected):
        assert policies(protected) == [[]] * 4


class TestAPolicyOfTheHost:
    @pytest.mark.parametrize("how", ["sets", "keeps what is there"])
    def test_a_later_after_request_wins(self, host, protected, how):
        def later(response):
            if how == "sets":
                response.headers[HEADER] = THEIRS
            else:
                response.headers.setdefault(HEADER, THEIRS)
            return response

        add(host, later)
        assert policies(protected) == [[THEIRS]] * 4

    @pytest.mark.parametrize("config", [{"TWOFACTOR_CSP": "default-src *"}])
    def test_it_wins_over_the_setting(self, host, protected):
        def later(response):
            response.headers[HEADER] = THEIRS
            return response

        add(host, later)
        assert policies(protected) == [[THEIRS]] * 4

    def test_one_that_is_only_tried_out_is_not_joined_by_ours(self, host, protected):
        def later(response):
            response.headers[f"{HEADER}-Report-Only"] = THEIRS
            return response

        add(host, later)
        assert policies(protected) == [[]] * 4

    def test_flask_talisman(self, host, protected):
        host._got_first_request = False
        Talisman(
            host, force_https=False, session_cookie_secure=False, content_security_policy=THEIRS
        )
        host._got_first_request = True
        assert policies(protected) == [[THEIRS]] * 4


class TestNonce:
    @pytest.mark.parametrize("config", [{"options": {"csp_nonce": lambda: g.get("nonce")}}])
    def test_each_script_and_style_sheet_carries_it(self, host, protected):
        host._got_first_request = False
        host.before_request(lambda: setattr(g, "nonce", 'r4nd"om'))
        host._got_first_request = True
        for path in PAGES:
            page = protected.client.get(path).text
            tags = re.findall(r"<(?:script|link)\b[^>]*>", page)
            assert tags, path
            assert all(' nonce="r4nd&#34;om"' in tag for tag in tags), path

    def test_without_the_hook_there_is_none(self, protected):
        assert "nonce=" not in protected.client.get(f"{MOUNT}/").text

    @pytest.mark.parametrize("config", [{"options": {}}])
    def test_it_must_be_a_function(self, host, clock, tmp_path):
        from tests.twofactor.host import make_host

        with pytest.raises(SetupError, match="csp_nonce must be a function, not 'abc'"):
            make_host("sqlite://", tmp_path, clock, options={"csp_nonce": "abc"})


class TestDoctor:
    def look(self, flask):
        found = flask("doctor", "--json").stdout
        return {check["name"]: check for check in json.loads(found)}["page"]

    def test_it_shows_what_a_page_sends(self, host, flask):
        assert self.look(flask) == {
            "name": "page",
            "ok": True,
            "text": f"{HEADER}: {OURS}; form-action 'self'",
        }

    @pytest.mark.parametrize("config", [{"TWOFACTOR_CSP": ""}])
    def test_it_says_that_there_is_none(self, host, flask):
        assert self.look(flask)["text"] == f"no {HEADER}"

    @pytest.mark.parametrize(
        ("policy", "runs"),
        [
            ("script-src 'nonce-abc'; default-src 'self'", False),
            ("script-src 'self' 'strict-dynamic'", False),
            ("default-src https://cdn.example.com", False),
            ("script-src 'self' https://cdn.example.com", True),
            ("script-src 'self'", True),
        ],
    )
    def test_it_sees_that_our_script_is_blocked(self, host, flask, policy, runs):
        def later(response):
            response.headers[HEADER] = policy
            return response

        add(host, later)
        page = self.look(flask)
        assert page["ok"] is runs
        assert page["text"].startswith(f"{HEADER}: {policy}")
        assert ("pass csp_nonce to init_app" in page["text"]) is not runs

    @pytest.mark.parametrize("config", [{"options": {"base_template": "cdn.html"}}])
    @pytest.mark.parametrize(
        ("policy", "blocked"),
        [
            (None, f"{CDN}/shop.css, {CDN}/shop.js, a script within the page and 1 more"),
            (
                "style-src 'none'",
                f"{CDN}/shop.css, a style within the page, /two-factor/static/twofactor.css",
            ),
            (f"default-src 'self' {CDN}", "a script within the page, a style within the page"),
            (f"default-src 'self' {CDN}/ 'unsafe-inline', style-src *", "a style within the page"),
            ("default-src 'self' https: 'unsafe-inline' 'nonce-x'", "a script within the page, "),
            ("default-src 'self' *.example.com 'unsafe-inline'", ""),
            (f"default-src 'self' {CDN}:443 'unsafe-inline'", ""),
            (f"default-src 'self' {CDN}:8443 'unsafe-inline'", f"{CDN}/shop.css, {CDN}/shop.js"),
            (f"default-src 'self' {CDN}/shop.css 'unsafe-inline'", f"{CDN}/shop.js"),
            (f"default-src 'self' {CDN} {HASH}", "a style within the page"),
            (f"script-src 'self' {CDN} 'nonce-n0'; style-src 'self' https: 'nonce-n0'", ""),
            ("frame-ancestors 'none'", ""),
        ],
    )
    def test_it_sees_what_else_of_the_layout_is_blocked(self, host, flask, policy, blocked):
        """F-60: a style sheet of a CDN, or a script within the layout."""
        pages = {"cdn.html": LAYOUT.replace("NONCE", "n0" if "n0" in str(policy) else "")}
        host.jinja_loader = DictLoader(pages)
        if policy:
            add(host, lambda answer: answer.headers.set(HEADER, policy) or answer)
        page = self.look(flask)
        sent = policy or f"{OURS}; form-action 'self'"
        assert page["ok"] is (blocked == "")
        if blocked:
            assert page["text"].startswith(f"{HEADER}: {sent}: it blocks {blocked}")
            assert page["text"].endswith(
                "allow that in your policy, or in TWOFACTOR_CSP where you send none"
            )
        else:
            assert page["text"] == f"{HEADER}: {sent}"

    @pytest.mark.parametrize(
        "config", [{"APPLICATION_ROOT": "/shop"}, {"APPLICATION_ROOT": "shop/"}]
    )
    @pytest.mark.parametrize("by_itself", [False, True])
    def test_an_application_below_a_path(self, host, flask, by_itself):
        """A server in front takes the path away, or the application does so itself."""
        if by_itself:
            host.wsgi_app = DispatcherMiddleware(NotFound(), {"/shop": host.wsgi_app})
        assert self.look(flask) == {
            "name": "page",
            "ok": True,
            "text": f"{HEADER}: {OURS}; form-action 'self'",
        }

    def test_an_application_at_a_subdomain(self, tmp_path, clock):
        def below(app):
            app.subdomain_matching, app.url_map.default_subdomain = True, "shop"

        server = {"SERVER_NAME": "example.org"}
        app = make_small("sqlite://", tmp_path, clock, before=below, config=server)
        with app.app_context():
            [page] = [each for each in app.twofactor.operator.doctor() if each.name == "page"]
        assert page.ok, page.text

    def test_a_page_that_fails_is_told(self, host, flask):
        host.view_functions["twofactor.help"] = lambda: ("broken", 500)
        assert self.look(flask) == {
            "name": "page",
            "ok": False,
            "text": "/two-factor/help answers 500 INTERNAL SERVER ERROR",
        }
