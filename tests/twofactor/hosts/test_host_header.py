"""Requests whose header Host is no name, for which no address can be built."""

import pytest
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, Person

pytestmark = pytest.mark.thorough

BAD = ("a..b", ".", "x" * 64)
PUNYCODE = "xn--a"  # of no letters


@pytest.fixture
def host(host):
    """The host with an answer of its own to what is no exception of ours."""
    host.config["PROPAGATE_EXCEPTIONS"] = False
    host.testing = False
    return host


def sent(person, path, named, method="POST", headers=None, **options):
    """Send the cookies of a person to another name of the host; the test client reads the name."""
    cookies = "; ".join(f"{each.key}={each.value}" for each in person.client._cookies.values())
    builder = EnvironBuilder(path, method=method, headers={"Cookie": cookies}, **options)
    builder.headers.update(headers or {})
    environ = builder.get_environ() | {"HTTP_HOST": named}
    return TestResponse(*run_wsgi_app(person.app, environ), builder.get_request())


@pytest.mark.parametrize("named", BAD)
@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_a_sealed_form_that_does_not_open_is_refused_as_flask_refuses_the_name(
    protected, named, headers
):
    for path in ("/note", "/unguarded", f"{MOUNT}/deactivate?kept=yes", "/no-such-page"):
        data = {"twofactor_pending": "no such form", "twofactor_code": "000000"}
        assert sent(protected, path, named, data=data, headers=headers).status_code == 400


@pytest.mark.parametrize("named", BAD)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_so_is_a_session_that_must_set_up_a_second_factor(host, clock, named, method):
    chief = Person(host, clock, "chief-ada")
    chief.sign_in()
    assert chief.client.get("/note").location.startswith(f"{MOUNT}/activate")
    assert sent(chief, "/note", named, method).status_code == 400


def test_a_name_of_no_letters_is_one_like_any_other(host, clock, alice):
    begun = {"password": PASSWORD, "areas": ["note"]}
    alice.post("/activate", begun)
    page = sent(alice, f"{MOUNT}/activate", PUNYCODE, "GET")
    assert page.status_code == 200
    assert "twofactor-recovery-code" in page.text
    stranger = Person(host, clock)
    stranger.sign_in()
    for origin in ("http://xn--a", "http://evil.example"):
        data = {"code": "000000", "csrf_token": "stale"}
        answer = sent(stranger, f"{MOUNT}/sign-in", PUNYCODE, data=data, headers={"Origin": origin})
        assert answer.status_code in (303, 400, 403)
