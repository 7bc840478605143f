"""Fixtures for the tests of the portal."""

import pytest

from tests.support.customers import make_customer
from tests.support.enrol import sign_in
from tests.support.ports import free_port


@pytest.fixture
def port() -> int:
    """A port of this machine where nobody listens."""
    return free_port()


@pytest.fixture
def bob(app, customer_password):
    """The browser of another customer, who is signed in."""
    make_customer(app, "bob", "bob@example.org", customer_password)
    browser = app.test_client()
    sign_in(browser, "bob", customer_password)
    return browser
