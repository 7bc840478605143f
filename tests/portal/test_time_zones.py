"""Times in the zone of the reader: the browser's at the sign-in, or chosen in the profile."""

import pytest

from portal.i18n import formats, zones
from tests.support.enrol import TWOFACTOR, enrol
from tests.support.forms import submit

from .mails import mails, plain_of

pytestmark = pytest.mark.thorough

PROFILE = "/security/profile"


@pytest.fixture
def abroad(app, customer, customer_password):
    """A function that signs Alice in with a browser in a time zone."""

    def come(zone):
        client = app.test_client()
        form = {"identity": "alice", "password": customer_password, "zone": zone}
        submit(client, "/login", form)
        return client

    return come


def stored(app):
    from portal.extensions import db
    from portal.models import Customer

    with app.app_context():
        found = db.session.query(Customer).one()
        return found.time_zone, found.time_zone_chosen


def said(client):
    """The times on the page of the devices."""
    return client.get("/security/sessions").text


def test_the_zone_of_the_browser_is_kept(app, abroad):
    assert "today, 8:00</time>" in said(abroad("Europe/London"))
    assert stored(app) == ("Europe/London", False)
    assert "today, 13:30</time>" in said(abroad("Asia/Calcutta"))  # as Chrome calls it
    assert stored(app) == ("Asia/Kolkata", False)


def test_a_browser_without_scripts_has_the_zone_of_the_last_one(app, abroad):
    assert "today, 8:00 UTC</time>" in said(abroad(""))
    abroad("Asia/Kolkata")
    assert "today, 13:30</time>" in said(abroad(""))


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "../../etc/passwd", "a" * 65, "\0", "é", "/", "a/b/c"]
)
def test_an_unknown_zone_is_ignored(app, abroad, zone):
    client = abroad(zone)
    assert "today, 8:00 UTC</time>" in said(client)
    assert stored(app) == (None, False)
    assert client.get_cookie(zones.COOKIE) is None


def test_it_waits_for_the_code(app, abroad, signed_in, clock, customer_password):
    phone = enrol(signed_in, clock, customer_password, ["sign_in"])
    client = abroad("Asia/Kolkata")
    assert stored(app) == (None, False)
    submit(client, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()})
    assert stored(app) == ("Asia/Kolkata", False)
    # The blueprint's pages, too.
    assert "since <time" in client.get(f"{TWOFACTOR}/").text
    assert "13:30</time>" in client.get(f"{TWOFACTOR}/").text


def test_a_zone_that_was_chosen_stays(app, abroad):
    client = abroad("Europe/London")
    submit(client, PROFILE, {"time_zone": "America/New_York"})
    assert stored(app) == ("America/New_York", True)
    assert "<option selected>America/New York" in client.get(PROFILE).text
    assert "today, 3:00</time>" in said(abroad("Asia/Kolkata"))
    assert stored(app) == ("America/New_York", True)
    submit(client, PROFILE, {"time_zone": ""})
    assert stored(app) == ("Europe/London", False)


def test_the_profile_refuses_an_unknown_zone(app, abroad):
    client = abroad("Europe/London")
    page = submit(client, PROFILE, {"time_zone": "Mars/Base", "full_name": "Alice"}).text
    assert "Choose a time zone from the list." in page
    assert 'value="Alice"' in page
    assert stored(app) == ("Europe/London", False)


def test_signing_in_costs_a_statement_more_only_in_a_new_zone(app, abroad):
    from tests.support.statements import statements_of

    counted = []
    for zone in ("", "Europe/London", "Europe/London"):
        with statements_of(app) as seen:
            abroad(zone)
        counted.append(sum(text.startswith("UPDATE customer SET time_zone") for text in seen))
    assert counted == [0, 1, 0]


def test_a_mail_is_in_the_zone_of_its_owner(app, abroad, customer_password):
    """Also when it is the operator's doing, for whom times are in UTC."""
    phone = abroad("Europe/Berlin")
    enrol(phone, app.config["CLOCK"], customer_password)
    app.test_cli_runner().invoke(args=["twofactor", "reset", "alice", "--reason", "x", "--yes"])
    for mail in mails(app)[-2:]:
        assert "(Central European Standard Time)" in plain_of(mail)


APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "iPhone; CPU iPhone OS 17_6 like Mac OS X"
CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("Edge on Windows", f"(Windows NT 10.0; Win64; x64) {CHROMIUM} Safari/537.36 Edg/140.0"),
        ("Chrome on Android", f"(Linux; Android 10; K) {CHROMIUM} Mobile Safari/537.36"),
        ("Edge on Android", f"(Linux; Android 10; K) {CHROMIUM} Mobile Safari/537.36 EdgA/140.0"),
        ("Chrome on ChromeOS", f"(X11; CrOS x86_64 14541.0.0) {CHROMIUM} Safari/537.36"),
        ("Chrome on iPhone", f"({IPHONE}) {APPLE} CriOS/140.0.0 Mobile/15E148 Safari/604.1"),
        ("Firefox on iPhone", f"({IPHONE}) {APPLE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15"),
        ("Safari on macOS", f"(Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/17.6 Safari/605"),
        ("Samsung Internet on Android", f"(Linux; Android 14) {CHROMIUM} SamsungBrowser/25.0"),
    ],
)
def test_devices(app, name, agent):
    with app.test_request_context():
        assert formats.device(f"Mozilla/5.0 {agent}") == name
        assert formats.device("") == "An unknown browser"
