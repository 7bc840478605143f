"""Activation, which takes effect with the first right code."""

import base64
import html
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.twofactor import signals
from portal.twofactor.core.vault import Vault

from .host import PASSWORD
from .person import ALL, MOUNT, Person, element, error


def begin(person, **data):
    return person.post("/activate", {"password": PASSWORD, "areas": ALL, **data})


def scan(person):
    page = person.client.get(f"{MOUNT}/activate").text
    person.secret = element(page, "twofactor-secret").replace(" ", "")
    person.recovery_code = element(page, "twofactor-recovery-code")
    return page


def rows(host, name):
    with host.app_context():
        table = host.db.metadata.tables[f"twofactor_{name}"]
        with host.db.engine.connect() as connection:
            return connection.execute(select(table)).all()


def test_the_page_says_off_and_offers_every_area(alice):
    page = alice.client.get(f"{MOUNT}/").text
    assert 'data-state="off"' in page
    for label in ("Sign-in", "Notes", "Vault", "Payment"):
        assert label in page
    for text in ("Aegis", "every 30 seconds", "even on a plane", "airplane mode"):
        assert text in page


def test_looking_at_the_wizard_makes_nothing(alice, host):
    """A-50, C-66"""
    for _ in range(5):
        page = alice.client.get(f"{MOUNT}/activate").text
        assert "twofactor-secret" not in page
    assert rows(host, "ticket") == []


def test_the_password_comes_first(alice, host):
    """C-64, C-68"""
    for data in ({"password": "wrong"}, {"password": ""}, {}):
        refused = alice.post("/activate", {"areas": ["note"], "password": "", **data})
        assert refused.status_code == 403
        assert "current password is wrong" in error(refused.text)
        assert re.search(r'value="note"[^>]*checked', refused.text)
        assert not re.search(r'value="vault"[^>]*checked', refused.text)
    assert alice.post("/activate", {"code": "123456"}).status_code == 403
    assert rows(host, "account") == []


def test_reload_keeps_the_secret_and_leaving_writes_nothing(alice, host):
    """C-63"""
    begin(alice)
    first, second = scan(alice), scan(alice)
    assert element(first, "twofactor-secret") == element(second, "twofactor-secret")
    assert element(first, "twofactor-recovery-code") == alice.recovery_code
    assert len(base64.b32decode(alice.secret)) == 20
    assert re.fullmatch("([A-Z2-7]{4} ){7}[A-Z2-7]{4}", element(first, "twofactor-secret"))
    assert rows(host, "account") == rows(host, "authenticator") == []
    assert not alice.is_on()


def test_the_secret_is_in_no_cookie_and_no_row(alice, host):
    """C-19, C-56"""
    sent = begin(alice)
    scan(alice)
    cookie = alice.client.get_cookie("session").value + str(sent.headers)
    stored = repr(rows(host, "ticket"))
    for secret in (alice.secret, alice.recovery_code, base64.b32decode(alice.secret).hex()):
        assert secret not in cookie
        assert secret not in stored


def test_only_the_first_right_code_switches_it_on(alice, host, clock):
    """C-63"""
    begin(alice)
    scan(alice)
    asked = alice.post("/activate", {"code": ""})
    assert asked.status_code == 200
    assert 'role="dialog"' in asked.text
    wrong = alice.post("/activate", {"code": alice.wrong()})
    assert wrong.status_code == 403
    assert "is wrong" in error(wrong.text)
    assert not alice.is_on()
    on = alice.post("/activate", {"code": alice.code()})
    assert (on.status_code, on.location) == (303, f"{MOUNT}/activate/done")
    page = alice.client.get(on.location).text
    assert 'data-state="on"' in page
    assert "Next time you sign in, we'll ask for a code" in html.unescape(page)
    assert alice.secret not in page


def test_the_first_code_is_used_up(alice):
    """C-34, A-03"""
    begin(alice)
    scan(alice)
    code = alice.code()
    alice.post("/activate", {"code": code})
    assert "already used" in error(alice.post("/deactivate", {"code": code}).text)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (4, "is 2 minutes fast"),
        (-7, "is 3½ minutes slow"),
        (2, "1 minute fast"),
    ],
)
def test_a_clock_that_is_off_is_told_by_how_much(alice, offset, words):
    begin(alice)
    scan(alice)
    refused = alice.post("/activate", {"code": alice.code(offset)})
    assert words in error(refused.text)
    assert not alice.is_on()
    assert alice.post("/activate", {"code": alice.code()}).status_code == 303


def test_an_enrolment_expires_after_fifteen_minutes(alice, host, clock):
    """C-67"""
    begin(alice)
    scan(alice)
    clock.advance(901)
    late = alice.post("/activate", {"code": alice.code()})
    assert late.status_code == 403
    assert "You took too long" in error(late.text)
    assert not alice.is_on()


def test_an_enrolment_belongs_to_its_session(alice, host):
    """C-67: the same person's second browser neither sees nor confirms it."""
    begin(alice)
    scan(alice)
    other = alice.other_browser()
    other.sign_in()
    assert "twofactor-secret" not in other.client.get(f"{MOUNT}/activate").text
    assert other.post("/activate", {"code": alice.code()}).status_code == 403
    assert not alice.is_on()


def test_starting_again_while_it_is_on_changes_nothing(protected, host):
    """C-65, A-68"""
    before = rows(host, "authenticator")
    assert begin(protected).status_code == 303
    assert protected.client.get(f"{MOUNT}/activate").status_code == 303
    assert rows(host, "authenticator") == before
    done = protected.client.post("/note", data={"text": "1", "twofactor_code": protected.code()})
    assert done.status_code == 303


def test_two_enrolments_at_once_make_one(alice, host):
    other = alice.other_browser()
    other.sign_in()
    for person in (alice, other):
        begin(person)
        scan(person)
    late = alice.post("/activate", {"code": alice.code()})
    assert "started again elsewhere" in error(late.text), "the one begun last counts"
    assert other.post("/activate", {"code": other.code()}).status_code == 303
    assert len(rows(host, "authenticator")) == 1


def test_there_is_one_unfinished_enrolment_of_a_user(alice, host):
    """F-17: however often the user begins, and apart from those of other users."""
    bob = Person(host, alice.clock, "bob")
    bob.sign_in()
    begin(bob)
    for _ in range(5):
        begin(alice)
    assert [row.user_id for row in rows(host, "ticket")].count(alice.id) == 1
    scan(bob)
    assert bob.post("/activate", {"code": bob.code()}).status_code == 303


def test_old_secrets_are_useless_after_a_new_enrolment(protected, clock):
    """A-10, C-14"""
    old_secret, old_recovery = protected.secret, protected.recovery_code
    protected.post("/deactivate", {"code": protected.code()})
    clock.advance(30)
    protected.enrol()
    assert protected.secret != old_secret
    new_secret, protected.secret = protected.secret, old_secret
    assert "is wrong" in error(protected.post("/deactivate", {"code": protected.code()}).text)
    protected.secret = new_secret
    refused = protected.post("/deactivate", {"code": old_recovery})
    assert "recovery code is wrong" in error(refused.text)


def test_the_areas_are_those_that_were_ticked(alice):
    alice.enrol(["note"])
    page = alice.client.get(f"{MOUNT}/").text
    assert re.search(r'value="note"[^>]*checked', page)
    assert not re.search(r'value="vault"[^>]*checked', page)
    assert re.search(r'value="staff"[^>]*checked disabled', page)


@pytest.mark.parametrize("areas", [["admin"], ["../"], ["note", "preferences"], ["NOTE"], [""]])
def test_unknown_areas_are_refused(alice, host, areas):
    """A-61, C-72"""
    refused = alice.post("/activate", {"password": PASSWORD, "areas": areas})
    assert refused.status_code == 403
    assert rows(host, "ticket") == []


def test_no_csrf_token_no_enrolment(alice, host):
    """A-48, C-103"""
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "x"}):
        sent = alice.client.post(f"{MOUNT}/activate", data={"password": PASSWORD, **data})
        assert sent.status_code == 400
    assert rows(host, "ticket") == []


def test_the_qr_code_is_inline_dark_on_white_and_small(alice):
    """C-26, C-27; the browser tests read it from a screenshot."""
    begin(alice)
    page = scan(alice)
    svg = re.search(r'<svg id="twofactor-qr".*?</svg>', page, re.DOTALL).group(0)
    assert alice.secret not in svg
    assert 'fill="#fff"' in svg
    assert len(svg) < 7000
    assert "otpauth://totp/host:alice?secret=" in page


def test_activated_is_told_once_and_after_the_commit(alice, host):
    told = []

    def listen(app, **facts):
        told.append((app, facts, alice.is_on()))

    with signals.activated.connected_to(listen):
        alice.enrol(["note"])
    [(app, facts, on)] = told
    token = facts["undo"]
    url = f"http://localhost/two-factor/undo/{token}"
    link = {"undo": token, "undo_url": url}
    assert facts == {"user_id": alice.id, "areas": ("note", "staff"), **link}
    assert (app, on) == (host, True)


def test_a_subscriber_that_fails_does_not_undo_what_was_done(alice):
    def fail(_app, **_facts):
        raise RuntimeError("mail server is down")

    with signals.activated.connected_to(fail):
        alice.enrol()
    assert alice.is_on()


def test_every_page_keeps_out_of_caches_and_frames(alice, host):
    """C-105, A-51, A-52"""
    begin(alice)
    for path in (
        "/",
        "/activate",
        "/deactivate",
        "/recovery",
        "/sign-in",
        "/challenge",
        "/nothing",
    ):
        response = alice.client.get(f"{MOUNT}{path}")
        if path != "/nothing":
            assert response.headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_no_page_has_inline_script_style_or_another_host(alice):
    begin(alice)
    for path in ("/", "/activate"):
        page = alice.client.get(f"{MOUNT}{path}").text
        assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=", page)
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)


@pytest.mark.parametrize("name", ['"><svg/onload=alert(1)>', "{{7*7}}", "a\r\nBcc: x", "😀<b>"])
def test_hostile_names_are_escaped(host, clock, name):
    """A-54, C-110"""
    person = Person(host, clock, name)
    person.sign_in()
    begin(person)
    page = scan(person)
    assert "<svg/onload" not in page
    assert "host · 49 ·" not in page
    assert "<b>" not in page


def test_a_key_that_is_gone_is_named_in_the_log_and_nobody_is_let_in(
    host, protected, clock, caplog
):
    """C-93, A-64"""

    state = host.extensions["twofactor"]
    old = state.kit.vault.newest
    other = replace(
        state, kit=replace(state.kit, vault=Vault([b"0123456789abcdefghijklmnopqrstuv"]))
    )
    host.extensions["twofactor"] = other
    asked = protected.client.post("/note", data={"text": "1", "twofactor_code": protected.code()})
    assert asked.status_code == 503
    assert "can't check codes" in html.unescape(asked.text)
    assert old in caplog.text
    assert host.deeds == []


class TestCancelAndBack:
    def test_cancel_ends_it_and_the_next_start_is_fresh(self, alice, host):
        """F-37: all areas are ticked again, with a new secret; the old page is over."""
        begin(alice, areas=["note"])
        scan(alice)
        token, code = alice.token(f"{MOUNT}/activate"), alice.code()
        for _ in range(2):
            sent = {"csrf_token": token, "cancel": "yes"}
            cancelled = alice.client.post(f"{MOUNT}/activate", data=sent)
            assert (cancelled.status_code, cancelled.location) == (303, f"{MOUNT}/")
            assert "You cancelled" in alice.client.get(f"{MOUNT}/").text
        assert rows(host, "ticket") == []
        start = alice.client.get(f"{MOUNT}/activate").text
        assert start.count(" checked") == len(ALL) + 2, "with the mandatory one, and “Everything”"
        assert alice.post("/activate", {"code": code}).status_code == 403
        old = alice.secret
        begin(alice)
        scan(alice)
        assert alice.secret != old

    def test_the_areas_are_chosen_again_and_the_secret_stays(self, alice):
        """F-37: step 2 says the choice, and leads back to it without asking the password."""
        begin(alice, areas=["note"])
        page = scan(alice)
        assert "We'll ask for a code here: Notes, Staff" in html.unescape(page)
        assert "step=1" in page
        back = alice.client.get(f"{MOUNT}/activate?step=1").text
        assert 'name="password"' not in back
        assert re.search(r'value="note"[^>]*checked', back)
        assert not re.search(r'value="vault"[^>]*checked', back)
        tag = re.search(r'name="enrolment" value="(\w+)"', back).group(1)
        again = alice.post("/activate", {"areas": ["vault"], "enrolment": tag})
        assert (again.status_code, again.location) == (303, f"{MOUNT}/activate")
        secret, recovery_code = alice.secret, alice.recovery_code
        assert "Vault" in scan(alice)
        assert (alice.secret, alice.recovery_code) == (secret, recovery_code)
        data = {"code": alice.code(), "enrolment": tag}
        assert alice.post("/activate", data).status_code == 303
        page = alice.client.get(f"{MOUNT}/").text
        assert re.search(r'value="vault"[^>]*checked', page)
        assert not re.search(r'value="note"[^>]*checked', page)

    def test_the_password_is_asked_again_if_it_was_given_long_ago(self, factory, clock):
        """F-37"""
        person = Person(factory(TWOFACTOR_FRESH_SECONDS=60), clock)
        person.sign_in()
        begin(person, areas=["note"])
        clock.advance(61)
        back = person.client.get(f"{MOUNT}/activate?step=1").text
        assert 'name="password"' in back
        tag = re.search(r'name="enrolment" value="(\w+)"', back).group(1)
        form = {"areas": ["vault"], "enrolment": tag}
        assert "current password is wrong" in error(person.post("/activate", form).text)

    def test_the_page_of_an_older_tab_is_told_of_the_newer_code(self, alice):
        """F-37: its code is neither judged nor counted."""
        begin(alice)
        scan(alice)
        older = re.search(
            r'name="enrolment" value="(\w+)"', alice.client.get(f"{MOUNT}/activate").text
        ).group(1)
        code = alice.code()
        begin(alice)
        for typed in (code, ""):
            sent = alice.post("/activate", {"code": typed, "enrolment": older})
            assert sent.status_code == 403
            assert "started again in another tab" in error(sent.text)
            assert 'id="twofactor-qr"' in sent.text
        scan(alice)
        assert alice.post("/activate", {"code": alice.code()}).status_code == 303

    @pytest.mark.parametrize("typed", ["", "right"])
    def test_it_goes_on_once_the_recovery_code_is_saved(self, alice, typed):
        """F-37: refused at the box, before the code is judged."""
        begin(alice)
        scan(alice)
        code = alice.code() if typed else ""
        for saved in ("", "no"):
            refused = alice.post("/activate", {"code": code, "saved": saved})
            assert refused.status_code == 403
            assert "tick the box" in error(refused.text)
            assert re.search(r'id="twofactor-saved"[^>]*aria-invalid="true"', refused.text)
            assert alice.secret in element(refused.text, "twofactor-secret").replace(" ", "")
        assert not alice.is_on()
        asked = alice.post("/activate", {"code": ""}).text
        assert '<input type="hidden" name="saved" value="yes">' in asked
        assert alice.post("/activate", {"code": alice.code()}).status_code == 303

    def test_no_area_at_all_is_refused(self, factory, clock):
        """F-36: in the wizard, where nothing is on yet, and on the page of the settings.

        Only the settings name the way to turn it off.
        """
        person = Person(factory(), clock)
        person.sign_in()
        refused = person.post("/activate", {"password": PASSWORD})
        assert refused.status_code == 403
        assert "Tick at least one box." in error(refused.text)
        assert "Deactivate" not in error(refused.text)
        person.enrol(["note", "vault"])
        refused = person.post("/", {"shown": ["note", "vault"]})
        assert refused.status_code == 403
        assert "Deactivate" in error(refused.text)
        assert 'name="twofactor_pending"' not in refused.text, "no code is asked for"
        assert refused.text.count('name="shown"') == 2
        assert " checked" not in refused.text, "as it was ticked"


def test_an_activation_sent_twice_is_told_that_it_is_on(alice):
    """F-30: one activation; the second answer is not that nothing was switched on."""
    begin(alice)
    scan(alice)
    token = alice.token(f"{MOUNT}/activate")
    data = {"csrf_token": token, "code": alice.code(), "saved": "yes"}
    before = alice.client.get_cookie("session").value
    told = []
    with signals.activated.connected_to(lambda _app, **facts: told.append(facts)):
        first = alice.client.post(f"{MOUNT}/activate", data=data)
        good = alice.client.get_cookie("session").value
        alice.client.set_cookie("session", before)
        second = alice.client.post(f"{MOUNT}/activate", data=data)
    assert {(sent.status_code, sent.location) for sent in (first, second)} == {
        (303, f"{MOUNT}/activate/done")
    }
    assert "Set-Cookie" not in second.headers
    assert len(told) == 1
    for cookie in (before, good):
        alice.client.set_cookie("session", cookie)
        assert 'data-state="on"' in alice.client.get(f"{MOUNT}/activate/done").text


class TestChoice:
    """The three answers to "When should we ask for a code?"."""

    @pytest.mark.parametrize(
        ("choice", "areas", "protected"),
        [
            ("all", ["note"], [*ALL, "staff"]),
            ("sign_in", ALL, ["sign_in", "staff"]),
            ("mine", ["note"], ["note", "staff"]),
        ],
    )
    def test_it_decides_and_the_page_says_it_again(self, alice, choice, areas, protected):
        begin(alice, choice=choice, areas=areas)
        scan(alice)
        done = alice.client.post(
            f"{MOUNT}/activate",
            data={"csrf_token": alice.token(), "code": alice.code(), "saved": "yes"},
            headers={"Accept": "application/json"},
        )
        assert done.json["areas"] == sorted(protected)

    @pytest.mark.parametrize("choice", ["", "none", ["all", "mine"], "x" * 50])
    def test_another_answer_is_refused_with_a_sentence(self, alice, host, choice):
        refused = begin(alice, choice=choice)
        assert refused.status_code == 403
        assert error(refused.text) == "Choose when we should ask for a code."
        assert rows(host, "ticket") == []

    def test_a_refused_password_loses_no_answer(self, alice):
        for choice in ("sign_in", "mine"):
            refused = begin(alice, password="wrong", choice=choice, areas=["note"]).text
            assert re.search(rf'value="{choice}" [^>]*checked', refused)
            assert re.search(r'value="note"[^>]*checked', refused)

    def test_choosing_again_shows_the_answer(self, alice):
        begin(alice, choice="sign_in")
        page = alice.client.get(f"{MOUNT}/activate?step=1").text
        assert re.search(r'value="sign_in" id="twofactor-choice[^>]*checked', page)
        linked = alice.client.get(f"{MOUNT}/activate?areas=note").text
        assert not re.search(r'value="all"[^>]*checked', linked)


class TestDonePage:
    """The page after the first right code."""

    def done(self, person):
        return person.client.get(f"{MOUNT}/activate/done")

    def again(self, person):
        return person.client.get(f"{MOUNT}/activate/done?step=recovery").text

    def test_the_recovery_code_is_there_for_a_while_and_in_this_session(self, alice, clock):
        alice.enrol(wait=30)
        assert alice.recovery_code not in self.done(alice).text
        assert "step=recovery" in self.done(alice).text
        page = self.again(alice)
        assert element(page, "twofactor-recovery-code") == alice.recovery_code
        assert alice.secret not in page.replace(" ", "")
        other = alice.other_browser()
        other.sign_in()
        other.post("/sign-in", {"code": alice.code()})
        assert 'data-state="on"' in self.again(other)
        assert "twofactor-recovery-code" not in self.again(other)
        assert "step=recovery" not in self.done(other).text
        clock.advance(900)
        late = self.again(alice)
        assert 'data-state="on"' in late
        assert "twofactor-recovery-code" not in late

    def test_a_replaced_recovery_code_is_not_shown(self, alice):
        alice.enrol(wait=30)
        alice.post("/recovery", {"code": alice.code()})
        alice.post("/recovery", {"saved": "yes"})
        assert "twofactor-recovery-code" not in self.again(alice)

    def test_it_leads_on_to_where_the_person_came_from(self, alice):
        begin(alice, next="/note")
        scan(alice)
        alice.post("/activate", {"code": alice.code()})
        assert re.search(
            r'class="button button-primary twofactor-button" href="/note"', self.done(alice).text
        )

    def test_without_two_factor_authentication_there_is_none(self, alice):
        assert self.done(alice).location == f"{MOUNT}/"

    def test_without_sign_in_it_does_not_claim_a_code_there(self, alice):
        alice.enrol(["note"])
        page = html.unescape(self.done(alice).text)
        assert "We won't ask for a code when you sign in" in page
        assert "Next time you sign in" not in page


@pytest.mark.parametrize("of_forms", ["", "a key that signs forms alone"])
def test_a_page_from_before_a_new_secret_key_is_taken(alice, host, of_forms):
    """Flask-WTF knows no SECRET_KEY_FALLBACKS, with which Flask opens the session."""
    alice.enrol()
    token = alice.token(f"{MOUNT}/deactivate")
    host.config["SECRET_KEY_FALLBACKS"] = ["one of last year", host.config["SECRET_KEY"]]
    host.config["SECRET_KEY"] = "a newer key that is long enough"
    if of_forms:
        host.config["WTF_CSRF_SECRET_KEY"] = of_forms
    data = {"csrf_token": token, "code": alice.code()}
    done = alice.client.post(f"{MOUNT}/deactivate", data=data)
    assert done.status_code == (400 if of_forms else 303)
    assert alice.is_on() is bool(of_forms)
