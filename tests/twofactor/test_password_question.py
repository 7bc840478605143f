"""Changes of factors ask for the password beside the code if it was given too long ago."""

import re

import pytest

from portal.twofactor import PasswordHeld, signals
from tests.support.codes import oathtool
from tests.support.hosts import change_options

from .host import PASSWORD
from .person import MOUNT, element, error

pytestmark = pytest.mark.thorough

NEW = "/authenticators/new"
JSON = {"Accept": "application/json"}


def add(person):
    """Add a phone while the password is fresh; return its secret."""
    assert person.post(NEW, {"name": "Tablet", "code": person.code()}).status_code == 303
    secret = element(person.client.get(f"{MOUNT}{NEW}").text, "twofactor-secret").replace(" ", "")
    done = person.post(NEW, {"code": oathtool(secret, person.clock())})
    assert done.status_code == 303
    person.clock.advance(30)
    return secret


@pytest.fixture
def two_phones(protected):
    protected.tablet = add(protected)
    found = protected.client.get(f"{MOUNT}/", headers=JSON).get_json()["authenticators"]
    protected.tablets_page = f"/authenticators/{found[1]['authenticator']}"
    return protected


@pytest.fixture
def checked(host):
    """The passwords that the host was asked to check; a test may make it hold them."""
    state = host.extensions["twofactor"]
    seen = []

    def verify(user, password):
        seen.append(password)
        if host.held_until:
            raise PasswordHeld(host.held_until)
        return state.host.verify_password(user, password)

    host.held_until = None
    change_options(host, verify_password=verify)
    return seen


def deeds(person):
    """The deeds that need both: the page, its target, and the form without code and password."""
    page = person.tablets_page
    return {
        "recovery": ("/recovery", "/recovery", {}),
        "add": (NEW, NEW, {"name": "Third"}),
        "remove": (page, f"{page}/remove", {}),
    }


def count(person):
    return len(re.findall(r"/authenticators/[0-9a-f]{32}", person.client.get(f"{MOUNT}/").text))


@pytest.mark.parametrize("deed", ["recovery", "add", "remove"])
class TestEachChange:
    def send(self, person, deed, **proofs):
        page, path, form = deeds(person)[deed]
        return person.post(path, form | proofs, page=f"{MOUNT}{page}")

    def test_a_fresh_password_is_not_asked(self, two_phones, checked, deed):
        page = two_phones.client.get(f"{MOUNT}{deeds(two_phones)[deed][0]}").text
        assert "Current password" not in page
        assert self.send(two_phones, deed, code=two_phones.code()).status_code in (200, 303)
        assert checked == []

    def test_only_a_code_is_not_enough_after_a_quarter_of_an_hour(self, two_phones, deed):
        """F-10: a stolen session and one code change no factor."""
        two_phones.clock.advance(901)
        before = count(two_phones)
        page = two_phones.client.get(f"{MOUNT}{deeds(two_phones)[deed][0]}").text
        assert "Current password" in page
        assert 'autocomplete="username"' in page
        for password in ({}, {"password": ""}, {"password": "wrong"}):
            refused = self.send(two_phones, deed, code=two_phones.code(), **password)
            assert refused.status_code == 403
            assert "current password is wrong" in error(refused.text)
            assert 'aria-describedby="twofactor-password-error"' in refused.text
        assert count(two_phones) == before
        old = two_phones.post("/deactivate", {"code": two_phones.recovery_code, "password": "no"})
        assert old.status_code == 403, "nor does it count as given"
        # None of this used up the code.
        done = self.send(two_phones, deed, code=two_phones.code(), password=PASSWORD)
        assert done.status_code in (200, 303)

    def test_only_the_password_is_not_enough(self, two_phones, checked, deed):
        two_phones.clock.advance(901)
        refused = self.send(two_phones, deed, code=" ", password=PASSWORD)
        assert "Enter the code" in error(refused.text)
        refused = self.send(two_phones, deed, code=two_phones.wrong(), password=PASSWORD)
        assert "That code is wrong" in error(refused.text)
        assert 'aria-describedby="twofactor-code-hint twofactor-code-error"' in refused.text
        # The password was right, so only the code is asked for again.
        assert "Current password" not in refused.text
        assert self.send(two_phones, deed, code=two_phones.code()).status_code in (200, 303)
        assert checked == [PASSWORD]

    def test_programs_are_told_what_is_needed(self, two_phones, deed):
        """F-10"""
        page, path, form = deeds(two_phones)[deed]

        def needed():
            return two_phones.client.get(f"{MOUNT}{page}", headers=JSON).get_json()

        fields = needed()["needed"]
        assert "password" not in fields
        two_phones.clock.advance(901)
        told = needed()
        assert told["needed"] == [*fields, "password"]
        headers = {"X-CSRFToken": told["csrf_token"]}
        body = form | {"code": two_phones.code()}
        sent = two_phones.client.post(f"{MOUNT}{path}", json=body, headers=headers)
        assert (sent.status_code, sent.get_json()["error"]) == (403, "password_wrong")
        body["password"] = PASSWORD
        sent = two_phones.client.post(f"{MOUNT}{path}", json=body, headers=headers)
        assert sent.status_code == 200

    def test_a_host_that_judges_no_password_now_says_until_when(
        self, two_phones, host, checked, deed
    ):
        """F-08: the waiting time in words, at the field, and the code is not used up."""
        two_phones.clock.advance(901)
        host.held_until = two_phones.clock() + 240
        held = self.send(two_phones, deed, code=two_phones.code(), password=PASSWORD)
        assert (held.status_code, held.headers["Retry-After"]) == (429, "240")
        assert error(held.text) == "Too many wrong passwords. Try again in 4 minutes."
        assert 'aria-describedby="twofactor-password-error"' in held.text
        assert 'data-twofactor-wait="240"' in held.text
        host.held_until = None
        done = self.send(two_phones, deed, code=two_phones.code(), password=PASSWORD)
        assert done.status_code in (200, 303)


class TestHeldElsewhere:
    """F-08: every page of the blueprint that asks for the password."""

    def test_in_the_wizard(self, alice, host, checked):
        host.held_until = alice.clock() + 30
        held = alice.post("/activate", {"password": PASSWORD, "areas": ["note"]})
        assert (held.status_code, held.headers["Retry-After"]) == (429, "30")
        assert error(held.text) == "Too many wrong passwords. Try again in 30 seconds."
        headers = {"X-CSRFToken": alice.token(f"{MOUNT}/activate")}
        body = {"password": PASSWORD, "areas": ["note"]}
        held = alice.client.post(f"{MOUNT}/activate", json=body, headers=headers)
        assert held.status_code == 429
        told = held.get_json()
        assert (told["error"], told["retry_after"]) == ("twofactor_throttled", 30)
        host.held_until = None
        assert alice.post("/activate", body).status_code == 303

    def test_at_deactivation(self, protected, host, checked):
        protected.clock.advance(901)
        host.held_until = float("inf")
        data = {"code": protected.code(), "password": PASSWORD}
        held = protected.post("/deactivate", data)
        assert (held.status_code, held.headers["Retry-After"]) == (429, "86400")
        assert error(held.text).endswith("Contact us.")
        host.held_until = None
        assert protected.post("/deactivate", data).status_code == 303

    def test_in_a_view_of_the_host(self, host, protected, clock):
        """No code would help there, so none is asked for."""

        def change():
            raise PasswordHeld(clock() + 90)

        host.view_functions["unguarded"] = change
        held = protected.client.post("/unguarded")
        assert (held.status_code, held.headers["Retry-After"]) == (429, "90")
        assert "Too many wrong passwords. Try again in 2 minutes." in held.text
        assert "one-time-code" not in held.text


class TestRemoval:
    def test_its_own_code_has_its_own_sentence(self, two_phones):
        """F-48: it removes nothing, is not a guess, and can still be used elsewhere."""
        page, path, _form = deeds(two_phones)["remove"]
        own = oathtool(two_phones.tablet, two_phones.clock())
        told = []
        with signals.challenge_failed.connected_to(lambda _app, **facts: told.append(facts)):
            for _ in range(6):
                refused = two_phones.post(path, {"code": own}, page=f"{MOUNT}{page}")
                assert refused.status_code == 403
                assert "from another of your devices" in error(refused.text)
        assert told == []
        assert count(two_phones) == 2
        deed = {"text": "x", "twofactor_code": own}
        assert two_phones.client.post("/note", data=deed).status_code == 303

    def test_programs_get_the_same(self, two_phones):
        """F-48"""
        _page, path, _form = deeds(two_phones)["remove"]
        headers = {"X-CSRFToken": two_phones.token(f"{MOUNT}/recovery")}
        body = {"code": oathtool(two_phones.tablet, two_phones.clock())}
        refused = two_phones.client.post(f"{MOUNT}{path}", json=body, headers=headers)
        told = refused.get_json()
        assert (refused.status_code, told["error"]) == (403, "twofactor_invalid")
        assert told["area"] == "authenticators"


def test_where_it_is_off_no_password_is_judged(alice, checked):
    headers = {"X-CSRFToken": alice.token(f"{MOUNT}/activate")}
    for path in ("/recovery", NEW, "/deactivate", f"/authenticators/{'0' * 32}/remove"):
        body = {"name": "x", "code": "123456", "password": "guess"}
        refused = alice.client.post(f"{MOUNT}{path}", json=body, headers=headers)
        assert (refused.status_code, refused.get_json()["error"]) == (403, "not_on")
        assert "is off" in refused.get_json()["message"]
    assert checked == []


def test_no_page_that_asks_it_has_inline_script_or_style(two_phones):
    two_phones.clock.advance(901)
    for page, path, form in deeds(two_phones).values():
        shown = two_phones.client.get(f"{MOUNT}{page}").text
        again = two_phones.post(path, form | {"code": "1"}, page=f"{MOUNT}{page}").text
        for text in (shown, again):
            assert 'type="password"' in text
            assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=", text)
