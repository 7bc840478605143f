"""The number of statements for a page, a listing and a mail."""

import json

import pytest

from portal.account import customers
from tests.portal.mails import mails
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit
from tests.support.statements import statements_of

ACCOUNT = "FROM twofactor_account"


def people(app, count, first=0):
    """Customers besides Alice, without passwords."""
    from portal.extensions import db
    from portal.models import Customer

    with app.app_context():
        names = [f"p{number:03d}" for number in range(first, first + count)]
        db.session.add_all(
            Customer(username=name, email=f"{name}@example.org", password_hash="") for name in names
        )
        db.session.commit()
    return names


def listed(app, *options):
    """The output of `user list`, and the statements that it took."""
    with statements_of(app) as seen:
        done = app.test_cli_runner().invoke(args=["user", "list", *options])
    assert done.exit_code == 0, done.output
    return done.stdout, len(seen)


class TestUserList:
    @pytest.fixture(autouse=True)
    def batches_of_ten(self, monkeypatch):
        monkeypatch.setattr(customers, "AT_ONCE", 10, raising=False)

    @both
    def test_it_takes_two_statements_a_batch(self, app, customer):
        """F-83: not two a customer."""
        people(app, 8)
        text, few = listed(app)
        assert len(text.splitlines()) == 9
        people(app, 21, first=8)
        text, many = listed(app)
        assert len(text.splitlines()) == 30
        assert many - few == 2 * 2 + 1  # two batches more, and the query after a full one

    @both
    def test_all_are_there_in_the_order_of_their_names(
        self, app, signed_in, clock, customer_password
    ):
        """F-83: each once, also across two batches."""
        names = people(app, 25)
        enrol(signed_in, clock, customer_password, ["password", "sign_in"])
        rows = json.loads(listed(app, "--json")[0])
        assert [row["username"] for row in rows] == ["alice", *names]
        assert rows[0]["twofactor"] is True
        assert rows[0]["areas"] == ["sign_in", "password"]
        assert list(rows[1]) == list(rows[0])
        assert all(row["twofactor"] is False and row["areas"] == [] for row in rows[1:])

    def test_nobody_is_an_empty_list(self, app):
        assert json.loads(listed(app, "--json")[0]) == []


def looks_at_the_account(app, client, path):
    with statements_of(app) as seen:
        assert client.get(path).status_code == 200
    return sum(ACCOUNT in text for text in seen)


@pytest.mark.parametrize("path", ["/", "/security/"])
def test_a_page_reads_the_account_once(app, signed_in, clock, customer_password, path):
    """F-83: with two-factor authentication on and off."""
    signed_in.get(path)
    assert looks_at_the_account(app, signed_in, path) == 1
    enrol(signed_in, clock, customer_password, ["password"])
    signed_in.get(path)
    assert looks_at_the_account(app, signed_in, path) == 1


def test_the_outbox_is_handed_over_once_for_a_recovery(app, signed_in, clock, customer_password):
    """F-83: using the recovery code and turning off are one change."""
    phone = enrol(signed_in, clock, customer_password, ["sign_in"])
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    before = len(mails(app))
    with statements_of(app) as seen:
        code = {"code": phone.recovery_code}
        assert submit(other, f"{TWOFACTOR}/sign-in?use=recovery", code).status_code == 303
    assert len(mails(app)) > before
    assert sum("ORDER BY outbox_mail.id" in text for text in seen) == 1
