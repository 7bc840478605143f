"""E-mail addresses: one mailbox is one account, however its domain is spelled."""

import pytest

from portal.rules.email_addresses import email_key, read, wire_form
from tests.portal.mails import mails, plain_of
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import sign_in
from tests.support.forms import submit
from tests.support.mail import last_link
from tests.support.smtp import mail_server

pytestmark = pytest.mark.thorough

SPELLINGS = ("x@müller.de", "X@MÜLLER.DE", " x@xn--mller-kva.de", "x@ｍüller。de")


@pytest.fixture
def idn_customer(app, customer_password):
    """A customer whose address has a domain with an umlaut."""
    return make_customer(app, "xenia", "x@müller.de", customer_password)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_has_one_key_and_one_form_to_send(spelling):
    """F-83"""
    assert email_key(spelling) == "x@xn--mller-kva.de"
    found = read(spelling)
    assert (found.shown.lower(), found.wire.lower()) == ("x@müller.de", "x@xn--mller-kva.de")


@pytest.mark.parametrize("text", ["a.@Example.org", "dana@office.local", "dana"])
def test_an_address_of_an_older_release_is_compared_as_it_was_then(text):
    assert read(text) is None
    assert email_key(text) == text.lower()


def test_a_long_text_is_not_read():
    assert read("a@" + "b." * 200 + "org") is None


@pytest.mark.parametrize(
    ("header", "wire"),
    [
        ("x@müller.de", "x@xn--mller-kva.de"),
        ('"Müller, Zoë" <x@müller.de>', "=?utf-8?"),
        ("Portal <portal@localhost>", "Portal <portal@localhost>"),
    ],
)
def test_a_header_has_the_domain_in_ascii(header, wire):
    assert wire_form(header).startswith(wire)
    assert wire_form(header).isascii()


@both
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_customer_signs_in_with_any_spelling(app, idn_customer, customer_password, spelling):
    """F-83"""
    assert idn_customer.email == "x@müller.de"
    assert sign_in(app.test_client(), spelling, customer_password).status_code == 303


@both
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_mailbox_is_no_second_account(runner, idn_customer, customer_password, spelling):
    """F-83"""
    arguments = ["user", "create", "bob", "--email", spelling, "--password", customer_password]
    result = runner.invoke(args=arguments)
    assert result.exit_code == 1
    assert "taken" in result.output


@both
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_forgotten_password_is_replaced_by_any_spelling(app, client, idn_customer, spelling):
    """F-83: the mail has the domain in ASCII, as mail servers need it."""
    assert submit(client, "/forgot", {"email": spelling}).status_code == 200
    [message] = mails(app)
    assert message["To"] == "x@xn--mller-kva.de"
    assert client.get(last_link(app)).status_code == 303


def test_an_address_with_an_umlaut_is_shown_as_it_is_read(app, signed_in, customer_password):
    """F-83: both addresses get a mail, and the old one's shows the new one with its umlaut."""
    data = {"current_password": customer_password, "email": "alice@xn--mller-kva.de"}
    assert submit(signed_in, "/security/email", data).status_code == 303
    to_old, to_new = sorted(mails(app), key=lambda mail: mail["To"] != "alice@example.org")
    assert to_new["To"] == "alice@xn--mller-kva.de"
    assert "New address: a•••@müller.de" in plain_of(to_old)


class TestServer:
    @pytest.fixture
    def settings(self, port):
        return {
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": port,
            "MAIL_TLS": "none",
            "MAIL_FROM": "Zoë <portal@müller.de>",
        }

    def test_a_server_that_knows_only_ascii_accepts_the_mail(self, app, client, idn_customer, port):
        """F-83"""
        with mail_server(port) as mailbox:
            submit(client, "/forgot", {"email": "x@müller.de"}).close()
            assert app.extensions["courier"].wait(30)
        assert mailbox.recipients == ["x@xn--mller-kva.de"]
        assert mailbox.mails[0]["From"] == "Zoë <portal@xn--mller-kva.de>"
