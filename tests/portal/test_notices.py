"""Notices: the owner gets a mail for every change of the second factor."""

import pytest

from portal.extensions import db
from portal.mail.texts import of_change
from portal.twofactor import signals
from tests.portal.mails import mails
from tests.support.enrol import AREAS, enrol, new_recovery_code, sign_in
from tests.support.forms import answer, submit


@pytest.fixture
def context(app):
    with app.app_context():
        yield app


def happen(app, name, user_id, facts):
    """Send an event as the blueprint does: a change in its transaction, then after the commit."""
    if name not in ("held", "challenge_failed"):
        with db.engine.begin() as connection:
            app.extensions["twofactor"].kit.store.joins(connection, name, user_id, facts)
    signals.BY_NAME[name].send(app, user_id=user_id, **facts)


class TestNotices:
    """The owner gets a mail for every change of the second factor."""

    def subjects(self, app):
        return [message["Subject"] for message in mails(app)]

    def test_the_life_of_a_second_factor(self, app, signed_in, customer_password, clock):
        """C-75"""
        enrolled = enrol(signed_in, clock, customer_password, ["password"])
        submit(signed_in, "/security/two-factor/", {"areas": ["password", "email"]})
        new_recovery_code(signed_in, enrolled.next_code())
        submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
        assert self.subjects(app) == [
            "Two-factor authentication is on",
            "Your two-factor settings were changed",
            "You have a new recovery code",
            "Two-factor authentication is off",
        ]
        for message in mails(app):
            text = message.get_content()
            assert message["To"] == "alice@example.org"
            assert "When: 15 January 2027, 08:" in text
            assert "If it was not you" in text
            assert "http" not in text
            assert enrolled.secret not in text
            assert enrolled.recovery_code not in text

    def test_the_recovery_code_is_one_mail(self, app, signed_in, customer_password, clock):
        """C-75, A-08"""
        enrolled = enrol(signed_in, clock, customer_password, ["sign_in"])
        other = app.test_client()
        asked = sign_in(other, "alice", customer_password, follow_redirects=True)
        answer(other, asked, {"code": enrolled.recovery_code})
        assert self.subjects(app)[1:] == [
            "Your recovery code was used: two-factor authentication is off"
        ]

    def test_five_wrong_codes_are_told_once(self, app, signed_in, customer_password, clock):
        """C-52"""
        enrol(signed_in, clock, customer_password, AREAS)
        asked = submit(signed_in, "/security/close", {"current_password": customer_password})
        for _ in range(5):
            asked = answer(signed_in, asked, {"twofactor_code": "000000"})
        assert self.subjects(app)[1:] == ["Wrong codes for your account"]

    @pytest.mark.parametrize(
        ("name", "words", "subject"),
        [
            ("held", {"until": 0.0, "locked": True}, "Codes are locked for your account"),
            ("held", {"until": 0.0, "locked": False}, None),
            ("reset", {"by": "operator", "reason": "lost"}, "Two-factor authentication was reset"),
            ("unlocked", {"by": "operator", "reason": "x"}, "Codes were unlocked for your account"),
            ("deactivated", {"by": "operator"}, None),
            (
                "authenticator_added",
                {"authenticator": "Tablet"},
                "Another authenticator app was added",
            ),
            (
                "authenticator_removed",
                {"authenticator": "Tablet"},
                "An authenticator app was removed",
            ),
            (
                "trust_reused",
                {"browser": "Firefox on Linux"},
                "A browser is no longer trusted",
            ),
            ("challenge_failed", {"area": "password", "run": 4}, None),
            ("challenge_failed", {"area": "password", "run": 6}, None),
        ],
    )
    def test_other_events_with_a_notice(self, context, customer, name, words, subject):
        happen(context, name, str(customer.id), words)
        assert self.subjects(context) == ([subject] if subject else [])

    def test_a_copied_trust_is_told_with_the_browser(self, context, customer):
        """F-18"""
        for browser in ("Firefox on Linux", "A browser"):
            happen(context, "trust_reused", str(customer.id), {"browser": browser})
        one, other = (message.get_content() for message in mails(context))
        assert "Firefox on Linux" in one
        assert "An unknown browser" in other
        assert "choose a new password" in one.replace("\n", " ")

    def test_nobody_is_told_of_a_closed_account(self, context):
        happen(context, "deactivated", "4711", {"by": "code"})
        assert mails(context) == []

    def test_another_app_does_not_hear_it(self, context, customer, tmp_path):
        from portal import create_app

        create_app({"INSTANCE_PATH": str(tmp_path / "other")})
        happen(context, "reset", str(customer.id), {"by": "operator", "reason": "x"})
        assert len(mails(context)) == 1


def test_each_change_has_a_notice_or_is_told_by_another(app):
    """F-85: no notice is missing, so no change fails because it has no mail."""
    facts = {
        "activated": {"areas": ("sign_in",)},
        "deactivated": {"by": "code"},
        "areas_changed": {"added": (), "removed": ("sign_in",)},
        "authenticator_added": {"authenticator": "Tablet"},
        "authenticator_removed": {"authenticator": "Tablet"},
        "trust_reused": {"browser": "Firefox on Linux"},
        "reset": {"by": "operator", "reason": "lost"},
        "unlocked": {"by": "operator", "reason": "guessed"},
    }
    with app.test_request_context():
        silent = {name for name in signals.CHANGES if of_change(name, facts.get(name, {})) is None}
    assert silent == {"recovery_code_used"}
