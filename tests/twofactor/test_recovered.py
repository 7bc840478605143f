"""The recovery code at sign-in gives no opening to somebody with the password."""

import pytest
from flask import session as flask_session

from tests.support.databases import both

from .host import PASSWORD
from .person import MOUNT, element, error

pytestmark = pytest.mark.thorough

NEW = "another horse battery"
RECOVERY = "/sign-in?use=recovery"


@pytest.fixture
def guessed(protected, clock):
    """The owner at the second step, after wrong codes of somebody with the password."""
    other = protected.other_browser()
    other.sign_in()
    for _ in range(3):
        other.post("/sign-in", {"code": other.wrong()})
    protected.client.post("/logout")
    protected.as_a_stranger().sign_in()
    return protected


def use(person, **fields):
    return person.post(RECOVERY, {"code": person.recovery_code, **fields}, f"{MOUNT}{RECOVERY}")


def twice(password):
    return {"new_password": password, "repeat_password": password}


@both
def test_a_new_password_is_chosen_in_the_same_step(guessed, host, clock):
    """F-11: the guesser knows the old password, which would be enough to get in."""
    page = guessed.client.get(f"{MOUNT}{RECOVERY}").text
    assert 'name="new_password"' in page
    assert 'name="repeat_password"' in page
    done = use(guessed, **twice(NEW))
    assert done.status_code == 303
    assert guessed.client.get("/").text == "home"
    assert not guessed.is_on()
    thief = guessed.other_browser()
    assert thief.sign_in().text == "wrong"
    assert guessed.other_browser().sign_in(NEW).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Enter a new password as well"),
        ({"new_password": NEW, "repeat_password": NEW + "x"}, "passwords don't match"),
        (twice(PASSWORD), "Choose another one."),
    ],
)
def test_a_bad_new_password_is_refused_before_any_code_is_judged(guessed, host, fields, sentence):
    """F-11: nothing is used up or turned off, nobody gets in."""
    refused = use(guessed, **fields)
    assert refused.status_code == 403
    assert sentence in error(refused.text)
    assert guessed.client.get("/").status_code == 302
    with host.app_context():
        account = host.extensions["twofactor"].kit.store.account(guessed.id)
    assert account.recovery_attempts == 0
    assert use(guessed, **twice(NEW)).status_code == 303


def test_a_password_that_is_refused_at_last_uses_nothing_up(guessed, host):
    """F-11: it is stored before the recovery code is used, so no failure lets the thief in."""
    refused = use(guessed, **twice("taken at the last moment"))
    assert (refused.status_code, error(refused.text)) == (403, "Not that one.")
    assert guessed.is_on()
    assert guessed.client.get("/").status_code == 302
    assert use(guessed, **twice(NEW)).status_code == 303


def test_a_wrong_recovery_code_changes_no_password(guessed):
    """F-11"""
    refused = guessed.post(
        RECOVERY, {"code": guessed.wrong_recovery(), **twice(NEW)}, f"{MOUNT}{RECOVERY}"
    )
    assert "recovery code is wrong" in error(refused.text)
    assert 'name="new_password"' in refused.text
    assert guessed.other_browser().sign_in().status_code == 303


def test_programs_are_told_what_to_send(guessed):
    """F-11"""
    headers = {"Accept": "application/json", "X-CSRFToken": guessed.token(f"{MOUNT}{RECOVERY}")}
    path = f"{MOUNT}{RECOVERY}"
    needed = ["code", "new_password", "repeat_password"]
    assert guessed.client.get(path, headers=headers).get_json()["needed"] == needed
    body = {"code": guessed.recovery_code}
    refused = guessed.client.post(path, json=body, headers=headers)
    assert (refused.status_code, refused.get_json()["needed"]) == (403, needed)
    done = guessed.client.post(path, json={**body, **twice(NEW)}, headers=headers).get_json()
    assert done["state"] == "off"
    assert done["activate"].startswith(f"{MOUNT}/activate?")


def test_without_wrong_codes_the_password_stays(protected):
    protected.client.post("/logout")
    protected.sign_in()
    assert "new_password" not in protected.client.get(f"{MOUNT}{RECOVERY}").text
    assert use(protected).status_code == 303
    assert protected.other_browser().sign_in().status_code == 302


def test_wrong_codes_of_a_known_browser_require_no_new_password(protected):
    """F-11: the owner mistyped on a known browser, so no new password is required."""
    protected.client.post("/logout")
    protected.sign_in()
    protected.post("/sign-in", {"code": protected.wrong()})
    assert use(protected).status_code == 303


@both
def test_it_leads_into_the_wizard_with_the_areas_of_before(guessed, host):
    """F-11: and from there to the page that the person wanted."""
    guessed.client.post("/logout")
    guessed.sign_in(next="/diary")
    done = use(guessed, **twice(NEW))
    assert done.location.startswith(f"{MOUNT}/activate?")
    page = guessed.client.get(done.location).text
    assert "Two-factor authentication is now off" in page
    for key in ("sign_in", "note", "vault", "payment"):
        box = page.split(f'name="areas" value="{key}"')[1].split(">")[0]
        assert "checked" in box
    assert 'name="next" value="/diary"' in page


class TestReminder:
    def test_it_ends_with_a_new_device(self, guessed, host):
        """F-11"""
        assert self.reminded(guessed, host) is False
        use(guessed, **twice(NEW))
        assert self.reminded(guessed, host) is True
        token = guessed.token(f"{MOUNT}/activate")
        data = {"password": NEW, "areas": ["note"], "csrf_token": token}
        guessed.client.post(f"{MOUNT}/activate", data=data)
        self.finish(guessed)
        assert self.reminded(guessed, host) is False

    @staticmethod
    def finish(person):
        page = person.client.get(f"{MOUNT}/activate").text
        person.secret = element(page, "twofactor-secret").replace(" ", "")
        sent = person.post("/activate", {"code": person.code()}, f"{MOUNT}/activate")
        assert sent.status_code == 303

    def test_it_ends_when_the_person_says_no(self, guessed, host):
        """F-11"""
        use(guessed, **twice(NEW))
        said = guessed.post("/recovered", {"next": "/diary"}, f"{MOUNT}/activate")
        assert (said.status_code, said.location) == (303, "/diary")
        assert self.reminded(guessed, host) is False

    def test_a_no_leads_to_no_other_site(self, guessed):
        use(guessed, **twice(NEW))
        said = guessed.post("/recovered", {"next": "//evil.example"}, f"{MOUNT}/activate")
        assert said.location == f"{MOUNT}/"

    @staticmethod
    def reminded(person, host):
        """The value of the template global in this session."""
        with person.client.session_transaction() as session:
            kept = dict(session)
        with host.test_request_context():
            flask_session.update(kept)
            return host.jinja_env.globals["twofactor_recovered"]()
