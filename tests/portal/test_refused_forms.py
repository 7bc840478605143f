"""Forms whose CSRF token is stale or missing; forms of people who were signed out meanwhile."""

import logging
import re

import pytest

from tests.support.customers import make_customer
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import answer as answered
from tests.support.forms import find_form
from tests.support.html import parse

OURS = {"Sec-Fetch-Site": "same-origin"}
ORIGIN = {"Origin": "http://localhost"}
THEIRS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
PROFILE = "/security/profile"
TYPED = {"full_name": "Alice Liddell", "company": "Rabbit & Sons", "phone": "1", "address": "a\nb"}
HOUR = 3600


def opened(client, path=PROFILE, field="full_name"):
    return find_form(client.get(path).text, field)


def values(client, path=PROFILE):
    return {name: value for name, value in opened(client, path).fields if name != "csrf_token"}


def other_session(client, app, name, password):
    """Sign somebody in in another tab of the same browser."""
    client.post("/logout", headers=OURS)
    assert sign_in(client, name, password).status_code == 303


@pytest.mark.parametrize("headers", [OURS, ORIGIN, {"Referer": "http://localhost/login"}])
def test_signing_in_goes_on_from_a_page_of_yesterday(
    client, customer, customer_password, clock, headers
):
    """F-34: the visit's cookie has expired, so its token is stale."""
    form = opened(client, "/login", "identity")
    clock.advance(20 * HOUR)
    data = form.filled({"identity": "alice", "password": customer_password})
    assert client.post("/login", data=data, headers=headers).location == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/forgot"])
def test_a_form_of_nobody_comes_again_filled_where_nothing_tells_the_sender(client, path):
    """F-34: what was entered is there, except the password."""
    name = "identity" if path == "/login" else "email"
    data = {name: "alice@example.org", "password": "top-secret-word"}
    answer = client.post(path, data=data)
    assert answer.status_code == 400
    assert dict(find_form(answer.text, name).fields)[name] == "alice@example.org"
    assert "top-secret-word" not in answer.text
    assert "Please try again" in answer.text


def test_another_site_signs_nobody_in_and_out(signed_in, customer_password):
    """F-34: a stale token goes on from our own pages alone."""
    data = {"identity": "alice", "password": customer_password}
    for path in ("/login", "/logout", "/forgot", PROFILE):
        answer = signed_in.post(path, data=data | {"email": "a@example.org"}, headers=THEIRS)
        assert answer.status_code == 400, path
        assert "come from our own page" in answer.text
    assert signed_in.get("/").status_code == 200


def test_a_browser_without_cookies_is_told_so(app, client, customer, customer_password):
    """F-34: signing in can't work without them."""
    form = opened(client, "/login", "identity")
    data = form.filled({"identity": "alice", "password": customer_password})
    answer = app.test_client(use_cookies=False).post("/login", data=data, headers=OURS)
    assert answer.status_code == 400
    assert "Allow cookies" in answer.text
    assert dict(find_form(answer.text, "identity").fields)["identity"] == "alice"


def test_signing_out_works_from_each_stale_tab(app, signed_in, customer_password):
    """F-35: with the token of an earlier session, at once; without any header after a click."""
    stale = find_form(signed_in.get("/").text, button="Sign out")
    other_session(signed_in, app, "alice", customer_password)
    asked = signed_in.post("/logout", data=stale.filled({}))
    assert asked.status_code == 400
    again = find_form(parse_main(asked.text), button="Sign out")
    assert signed_in.post("/logout", data=again.filled({})).location == "/login"
    assert signed_in.get("/").status_code == 303
    other_session(signed_in, app, "alice", customer_password)
    assert signed_in.post("/logout", data=stale.filled({}), headers=OURS).location == "/login"
    assert signed_in.get("/").status_code == 303
    # F-32: once more, as nobody.
    for headers in (OURS, {}):
        assert signed_in.post("/logout", data=stale.filled({}), headers=headers).status_code == 303
        assert "re signed out." in signed_in.get("/login").text


def parse_main(html):
    return str(parse(html).by_id("main").element)


@pytest.mark.parametrize("how", ["idle", "elsewhere", "credential"])
def test_what_somebody_signed_out_had_typed_comes_back_after_the_sign_in(
    app, signed_in, customer_password, clock, how
):
    """F-34: filled, once, and not done without a further click."""
    form = opened(signed_in)
    if how == "idle":
        clock.advance(2 * HOUR)
    elif how == "elsewhere":
        with app.app_context():
            from portal.sessions import records

            records.remove_of(1)
    else:
        with app.app_context():
            from portal.extensions import db
            from portal.models import Customer

            db.session.query(Customer).update({"credential_version": 9})
            db.session.commit()
    answer = signed_in.post(PROFILE, data=form.filled(TYPED), headers=OURS)
    assert (answer.status_code, answer.location) == (303, f"/login?next={PROFILE}")
    page = signed_in.get(answer.location)
    assert "We&#39;ve kept what you typed" in page.text
    login = find_form(page.text, "identity")
    data = login.filled({"identity": "alice", "password": customer_password})
    assert signed_in.post(answer.location, data=data).location == PROFILE
    back = signed_in.get(PROFILE)
    assert "You were signed out. We&#39;ve kept what you typed" in back.text
    filled = dict(find_form(back.text, "full_name").fields)
    assert {name: filled[name] for name in ("full_name", "company", "phone")} == {
        name: TYPED[name] for name in ("full_name", "company", "phone")
    }
    assert values(signed_in)["full_name"] != TYPED["full_name"], "not done, and not filled twice"


def test_a_removal_of_somebody_signed_out_leads_back_to_the_device(
    signed_in, customer_password, clock
):
    """The sign-in led to the overview."""
    enrol(signed_in, clock, customer_password)
    settings = signed_in.get(f"{TWOFACTOR}/").text
    device = re.search(rf"{TWOFACTOR}/authenticators/[0-9a-f]{{32}}", settings)[0]
    form = opened(signed_in, device, "name")
    clock.advance(2 * HOUR)
    data = form.filled({"code": "123456"})
    answer = signed_in.post(f"{device}/remove", data=data, headers=OURS)
    assert (answer.status_code, answer.location) == (303, f"/login?next={device}/remove")


DEVICE = {"name": "Tablet", "code": "123456"}
EMPTY = (
    (f"{TWOFACTOR}/authenticators/new", "name", DEVICE),
    (f"{TWOFACTOR}/", "areas", {"areas": ["invoices"]}),
    ("/security/sessions", "others", {"others": "yes"}),
    ("/security/close", "current_password", {"current_password": "hush"}),
)


@pytest.mark.parametrize(("path", "field", "typed"), EMPTY, ids=[each[0] for each in EMPTY])
@pytest.mark.parametrize("how", ["idle", "again"])
def test_nothing_is_promised_of_a_form_that_comes_back_empty(
    app, signed_in, customer_password, clock, path, field, typed, how
):
    """F-34: it says that the person was signed out, not that something was kept."""
    enrol(signed_in, clock, customer_password, ("password",))
    sign_in(app.test_client(), "alice", customer_password)  # another device to sign out
    form = opened(signed_in, path, field)
    if how == "idle":
        clock.advance(2 * HOUR)
    else:
        other_session(signed_in, app, "alice", customer_password)
    answer = signed_in.post(path, data=form.filled(typed), headers=OURS)
    assert answer.status_code == 303
    page = signed_in.get(answer.location).text
    assert "kept" not in page
    assert "Check it and press Save" not in page
    assert ("You were signed out" if how == "idle" else "Please try again") in page
    if how == "idle":
        sign_in(signed_in, "alice", customer_password)
    page = signed_in.get(path).text
    assert "kept" not in page
    assert "Tablet" not in page


def test_what_was_typed_comes_back_to_the_same_person_alone(
    app, signed_in, customer_password, clock
):
    """F-34: neither to somebody else in this browser, nor from a page that nobody can prove."""
    make_customer(app, "bob", "bob@example.org", customer_password)
    form = opened(signed_in)
    clock.advance(2 * HOUR)
    signed_in.post(PROFILE, data=form.filled(TYPED), headers=OURS)
    sign_in(signed_in, "bob", customer_password)
    assert "Liddell" not in signed_in.get(PROFILE).text
    # Bob is signed in, and Alice's tab is sent.
    answer = signed_in.post(PROFILE, data=form.filled(TYPED), headers=OURS)
    assert answer.location == PROFILE
    page = signed_in.get(PROFILE).text
    assert "Liddell" not in page
    assert "opened before you signed in" in page
    stranger = app.test_client()
    made_up = form.filled(TYPED)
    answer = stranger.post(PROFILE, data=made_up, headers=OURS)
    assert answer.status_code == 303
    assert stranger.get_cookie("portal_kept") is None


def test_a_tab_of_an_earlier_session_comes_again_filled(app, signed_in, customer_password):
    """F-34: signed in again in another tab."""
    form = opened(signed_in)
    other_session(signed_in, app, "alice", customer_password)
    answer = signed_in.post(PROFILE, data=form.filled(TYPED), headers=OURS)
    assert answer.location == PROFILE
    page = signed_in.get(PROFILE).text
    assert "signed in again since you opened this form" in page
    assert dict(find_form(page, "full_name").fields)["full_name"] == "Alice Liddell"


def test_no_secret_is_kept_and_none_is_readable(app, signed_in, clock):
    """F-34: the table holds a sealed text; passwords and codes are not in it."""
    from portal.extensions import db
    from portal.models import KeptForm
    from portal.security.sealing import KEPT, unseal

    form = opened(signed_in, "/security/email", "email")
    clock.advance(2 * HOUR)
    data = form.filled(
        {"email": "new@example.org", "current_password": "hush", "twofactor_code": "123456"}
    )
    signed_in.post("/security/email", data=data, headers=OURS)
    with app.app_context():
        row = db.session.scalars(db.select(KeptForm)).one()
    assert "new@example.org" not in row.data
    text = unseal(KEPT, row.data, signed_in.get_cookie("portal_kept").value)
    assert "new@example.org" in text
    assert not [secret for secret in ("hush", "123456", "csrf") if secret in text]


def test_each_refused_form_leaves_its_cause_in_the_log(signed_in, caplog):
    """F-34"""
    with caplog.at_level(logging.INFO):
        signed_in.post(PROFILE, data=TYPED, headers=THEIRS)
        signed_in.post(PROFILE, data=TYPED)
    lines = [each.getMessage() for each in caplog.records if "form refused" in each.getMessage()]
    assert lines == [
        "form refused: another site (account.profile)",
        "form refused: open too long (account.profile)",
    ]


def test_over_https_origin_or_fetch_metadata_stand_for_a_missing_referer(app, signed_in):
    """F-34: browsers that send no Referer."""
    form = opened(signed_in)
    data, secure = form.filled(TYPED), {"base_url": "https://localhost"}
    assert signed_in.post(PROFILE, data=data, **secure).status_code == 400
    for headers in (OURS, {"Origin": "https://localhost"}):
        assert signed_in.post(PROFILE, data=data, headers=headers, **secure).status_code == 303


@pytest.mark.parametrize("referer", ["http://[", "http://[x]/", "//["])
@pytest.mark.parametrize("site", [{}, OURS])
def test_a_referer_that_is_no_address_is_nothing(signed_in, referer, site):
    refused = signed_in.post(PROFILE, data=TYPED, headers={"Referer": referer, **site})
    assert refused.status_code == (303 if site else 400)
    assert signed_in.post("/logout", headers={"Referer": referer, **site}).status_code < 500


@pytest.mark.parametrize("what", ["a view area", "turning it on"])
def test_a_renewed_session_voids_no_form_of_another_tab(
    app, signed_in, customer_password, clock, what
):
    """F-34: the id of the session is new, the token of its forms stays."""
    kept = None
    if what != "turning it on":
        kept = enrol(signed_in, clock, customer_password, ("invoices",))
        clock.advance(10 * 60)
    form = opened(signed_in)
    before = signed_in.get_cookie("portal_session").value
    if kept is None:
        enrol(signed_in, clock, customer_password, ("invoices",))
    else:
        asked = signed_in.get("/invoices/")
        name = "code" if 'name="code"' in asked.text else "twofactor_code"
        done = answered(signed_in, asked, {name: kept.next_code()}, follow_redirects=True)
        assert done.status_code == 200
    assert signed_in.get_cookie("portal_session").value != before
    assert signed_in.post(PROFILE, data=form.filled(TYPED)).location == "/security/"


@pytest.mark.parametrize(("headers", "status"), [(OURS, 303), ({}, 400), (THEIRS, 400)])
def test_the_second_step_goes_on_with_a_stale_token(
    app, signed_in, customer_password, clock, headers, status
):
    """F-34: the code counts when our own page sent it, and is not used up when it is refused."""
    kept = enrol(signed_in, clock, customer_password, ("sign_in",))
    browser = app.test_client()
    assert "sign-in" in sign_in(browser, "alice", customer_password).location
    path = "/security/two-factor/sign-in"
    data = {"csrf_token": "stale", "code": kept.next_code()}
    refused = browser.post(path, data=data, headers=headers)
    assert refused.status_code == status
    if status == 400:
        assert f'href="{path}"' in refused.text, "a way on"
        assert browser.post(path, data=data, headers=OURS).status_code == 303
    assert browser.get("/").status_code == 200


class TestLog:
    """F-113: each refused form leaves a line with its cause, and none of its values."""

    @pytest.fixture
    def settings(self):
        return {"PUBLIC_URL": "https://portal.example.org"}

    @pytest.mark.parametrize(
        ("headers", "cause", "sent_from"),
        [
            (
                {"Origin": "https://portal.example.org:8443"},
                "another site",
                "https://portal.example.org:8443",
            ),
            ({"Referer": "https://evil.example/?secret=1"}, "another site", "evil.example:443"),
            ({"Origin": "null"}, "another site", "unknown"),
            ({}, "signed out", ""),
        ],
    )
    def test_the_line_names_who_sent_it_and_who_we_are(
        self, client, caplog, headers, cause, sent_from
    ):
        sent = {"identity": "alice", "password": "top-secret-word", "csrf_token": "made-up-token"}
        with caplog.at_level(logging.WARNING, "portal"):
            answer = client.post(
                "/login", base_url="https://portal.example.org", data=sent, headers=headers
            )
        assert answer.status_code == 400
        [line] = [each for each in caplog.records if "form refused" in each.message]
        assert line.message == f"form refused: {cause} (auth.login)"
        assert sent_from in line.sent_from
        assert line.ours == "https://portal.example.org:443"
        for secret in ("top-secret-word", "made-up-token", "secret=1", "alice"):
            assert secret not in str(vars(line))


class TestWhileSecretKeyRotates:
    """Flask-WTF knows no former keys, and refused each open form: people typed all of it again."""

    @pytest.fixture
    def rotate(self, app):
        def rotate():
            app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
            app.config["SECRET_KEY"] = "a-newer-key-that-is-long-enough-7Kd93"

        return rotate

    def test_a_form_that_is_open_is_taken(self, signed_in, rotate):
        form = opened(signed_in)
        rotate()
        assert signed_in.post(PROFILE, data=form.filled(TYPED)).location == "/security/"
        assert values(signed_in)["full_name"] == "Alice Liddell"

    def test_signing_in_with_a_code_goes_on(self, app, signed_in, customer_password, clock, rotate):
        person = enrol(signed_in, clock, customer_password)
        other = app.test_client()
        form = opened(other, "/login", "identity")
        rotate()
        typed = {"identity": "alice", "password": customer_password}
        asked = other.post("/login", data=form.filled(typed))
        form = opened(other, asked.location, "code")
        app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
        app.config["SECRET_KEY"] = "the-newest-key-that-is-long-enough-9x"
        done = other.post(asked.location, data=form.filled({"code": person.next_code()}))
        assert done.status_code == 303
        assert other.get("/").status_code == 200

    def test_what_somebody_signed_out_had_typed_comes_back(
        self, signed_in, customer_password, clock, rotate
    ):
        form = opened(signed_in)
        rotate()
        clock.advance(2 * HOUR)
        signed_in.post(PROFILE, data=form.filled(TYPED), headers=OURS)
        sign_in(signed_in, "alice", customer_password)
        assert values(signed_in)["full_name"] == "Alice Liddell"

    def test_a_key_that_is_gone_signs_nothing(self, app, signed_in, rotate):
        form = opened(signed_in)
        rotate()
        app.config["SECRET_KEY_FALLBACKS"] = ["some-other-key-that-is-long-enough-4"]
        assert signed_in.post(PROFILE, data=form.filled(TYPED)).status_code == 400
