"""The headers of every answer, and the text of error pages."""

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.forms import find_form
from tests.support.html import parse

pytestmark = pytest.mark.thorough

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
JSON = {"Accept": "application/json"}


def paths(app):
    """The paths of all pages whose address needs no value."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments
    )


def test_every_page_carries_the_headers(app, signed_in):
    """C-105, C-106, C-107, A-51"""
    assert len(paths(app)) > 12
    for client in (signed_in, app.test_client()):
        for path in [*paths(app), "/no-such-page", "/reset/x", "/invoices/x.pdf"]:
            response = client.get(path)
            headers = response.headers
            assert headers["Content-Security-Policy"] == POLICY, path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "camera=()" in headers["Permissions-Policy"]
            assert headers["Cache-Control"] == "no-store", path
            assert "Strict-Transport-Security" not in headers


def test_no_page_has_script_or_style_of_its_own(app, signed_in):
    """C-106"""
    for path in paths(app):
        if path == "/healthz":
            continue
        page = parse(signed_in.get(path).text)
        for node in page:
            assert node.tag != "style", path
            assert "style" not in node.attributes, path
            assert not [name for name in node.attributes if name.startswith("on")], path
            if node.tag == "script":
                assert node.get("src").startswith("/"), path
            # Links to the stores of apps, which nothing is loaded from.
            if node.tag == "a" and node.get("rel") == "noopener noreferrer":
                assert path.endswith("/two-factor/help")
                continue
            for name in ("src", "href", "action"):
                assert "//" not in node.get(name).removeprefix("otpauth://"), path


def test_static_files_may_be_kept(client):
    with client.get("/static/portal.css") as response:
        assert response.headers["Cache-Control"] != "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


class TestOverTls:
    @pytest.fixture
    def settings(self):
        return {"PUBLIC_URL": "https://portal.example.org"}

    def test_browsers_are_told_to_stay_with_tls(self, client):
        """C-107"""
        assert client.get("/login").headers["Strict-Transport-Security"] == (
            "max-age=63072000; includeSubDomains"
        )


class TestProxy:
    @pytest.fixture
    def settings(self):
        return {"PROXY_COUNT": 1}

    def test_only_the_address_from_the_proxy_is_believed(self, app):
        """C-47"""
        app.add_url_rule(
            "/address",
            "address",
            lambda: app.jinja_env.from_string("{{ request.remote_addr }}").render(),
        )
        headers = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}
        assert app.test_client().get("/address", headers=headers).text == "2.2.2.2"

    def test_a_forwarded_prefix_is_not_believed_by_itself(self, app):
        """F-21"""
        headers = {"X-Forwarded-Prefix": "/app"}
        assert app.test_client().get("/", headers=headers).location == "/login"


class TestPrefix:
    @pytest.fixture
    def settings(self):
        return {"PROXY_COUNT": 1, "PROXY_PREFIX": True}

    @pytest.mark.parametrize(
        "prefix",
        [
            "//evil.example",
            "/a//evil",
            "https://evil.example",
            "/\\evil.example",
            "evil",
            "/a b",
            "/é",
        ],
    )
    def test_a_prefix_that_is_not_a_plain_path_is_dropped(self, app, prefix):
        """F-21"""
        response = app.test_client().get("/", headers={"X-Forwarded-Prefix": prefix})
        assert response.location == "/login"

    def test_a_plain_path_leads_every_link(self, app):
        response = app.test_client().get("/", headers={"X-Forwarded-Prefix": "/app/portal"})
        assert response.location == "/app/portal/login"

    @pytest.mark.parametrize("address", ["1" * 500, "<script>", "2001:db8::1%" + "e" * 90])
    def test_a_forwarded_address_fits_its_column(self, app, address):
        """F-21: sessions are written, whatever address the proxy passes on."""
        client = app.test_client()
        headers = {"X-Forwarded-For": address}
        assert client.get("/login", headers=headers).status_code == 200


def test_without_a_proxy_no_header_is_believed(app):
    """A-16, C-47"""
    app.add_url_rule(
        "/address",
        "address",
        lambda: app.jinja_env.from_string("{{ request.remote_addr }}").render(),
    )
    headers = {"X-Forwarded-For": "1.1.1.1", "Forwarded": "for=1.1.1.1", "X-Real-IP": "1.1.1.1"}
    assert app.test_client().get("/address", headers=headers).text == "127.0.0.1"


def test_a_missing_page_has_a_sentence_and_a_way_out(client):
    response = client.get("/no-such-page")
    page = parse(response.text)
    assert response.status_code == 404
    assert page.all("h1")[0].text == "Page not found"
    assert "/" in [link.get("href") for link in page.all("a")]


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_no_name_is_refused_in_words(app, signed_in, host, method):
    for client in (signed_in, app.test_client()):
        refused = client.open("/", method=method, environ_overrides={"HTTP_HOST": host})
        assert (refused.status_code, refused.mimetype) == (400, "text/plain")
        assert refused.text == "Sorry, we couldn't read that. Go back and try again.\n"
        assert refused.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize("name", ["xn--a", "xn--4ca.example"])
def test_the_sender_is_told_as_browsers_write_it(app, name):
    """The name is that of `ä.example`, or of nothing: its letters are not looked at."""
    for origin, status in ((name, "200 OK"), ("evil.example", "400 BAD REQUEST")):
        sent = {"data": {"email": "dana@portal.example"}, "headers": {"Origin": f"http://{origin}"}}
        environ = EnvironBuilder("/forgot", method="POST", **sent).get_environ()
        # The test client would look at them.
        assert run_wsgi_app(app, environ | {"HTTP_HOST": name})[1] == status


def test_a_wrong_method_says_which_are_right(client):
    response = client.get("/logout")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert "Go back and try again" in parse(response.text).text


def test_a_program_gets_json(client):
    response = client.get("/no-such-page", headers=JSON)
    assert response.status_code == 404
    assert response.get_json()["error"] == "not_found"
    assert "If you typed the address" in response.get_json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/logout",
        "/forgot",
        "/security/password",
        "/security/email",
        "/security/close",
        "/security/profile",
        "/security/sessions",
        "/security/sign-in-mails",
    ],
)
def test_a_form_without_its_token_is_refused_kindly(signed_in, path):
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "made-up"}):
        response = signed_in.post(path, data=data)
        assert response.status_code == 400, data
        page = parse(response.text)
        assert "try again" in page.text or "Press the button" in page.text
        assert [each for each in page.by_id("main") if each.tag in ("a", "button")], "a dead end"


def test_csrf_tokens_of_others_and_from_before_signing_in_are_refused(
    app, client, customer, customer_password
):
    """A-48, C-103"""
    stranger = find_form(app.test_client().get("/login").text, "identity")
    own = find_form(client.get("/login").text, "identity")
    data = {"identity": "alice", "password": customer_password}
    assert client.post("/login", data=stranger.filled(data)).status_code == 400
    assert client.post("/login", data=own.filled(data)).status_code == 303
    assert client.post("/logout", data=own.filled({})).status_code == 400


def test_too_large_a_request_is_refused_in_words(app, client):
    form = find_form(client.get("/login").text, "identity")
    data = form.filled({"identity": "x" * (3 * 1024 * 1024), "password": "x"})
    response = client.post("/login", data=data)
    assert response.status_code == 413
    assert "too large" in response.text


@pytest.mark.parametrize(
    "value", ["x" * 12_000, "a\0b", "\ud83d", "%00", "'; --", "\u202eabc", "\r\nX: y"]
)
def test_no_text_breaks_the_sign_in(client, customer, value):
    value = value.encode("utf-8", "replace").decode()
    form = find_form(client.get("/login").text, "identity")
    for field in ("identity", "password"):
        data = {"identity": "alice", "password": "x", field: value}
        response = client.post("/login", data=form.filled(data))
        assert response.status_code == 200
        assert any(node.get("role") == "alert" for node in parse(response.text))


class TestFailures:
    @pytest.fixture
    def settings(self):
        return {"PROPAGATE_EXCEPTIONS": False, "TESTING": False}

    def test_a_failure_of_ours_shows_no_trace(self, app, client):
        """C-131"""

        def broken():
            raise RuntimeError("the secret inside")

        app.view_functions["auth.login"] = broken
        response = client.get("/login")
        assert response.status_code == 500
        assert "Check first whether your last change was saved" in response.text
        assert "secret" not in response.text
        assert "Traceback" not in response.text

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_without_a_database_there_is_a_sentence(self, app, signed_in, tmp_path):
        """A-64, C-93"""
        from portal.extensions import db

        with app.app_context():
            db.engine.dispose()
        for file in tmp_path.glob("portal.sqlite*"):
            file.unlink()
        (tmp_path / "portal.sqlite").mkdir()
        for path in ("/", "/login", "/invoices/"):
            response = signed_in.get(path)
            assert response.status_code == 503, path
            assert "Sorry, we're unavailable" in parse(response.text).text
            assert signed_in.get(path, headers=JSON).get_json()["error"] == "service_unavailable"
        health = signed_in.get("/healthz")
        assert health.status_code == 503
        assert health.get_json()["status"] == "unavailable"
        assert signed_in.get("/no-such-page").status_code == 404


def test_the_health_check_queries_the_database(client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.get_json()["status"] == "ok"
    assert "Set-Cookie" not in response.headers
