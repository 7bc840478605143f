"""Choosing areas, a new recovery code, and deactivation."""

import re

import pytest

from portal.twofactor import signals
from portal.twofactor.core.answers import RecoveryCode
from portal.twofactor.methods import recovery

from .host import PASSWORD
from .person import ALL, MOUNT, VIEW_SECONDS, element, error, pending

pytestmark = pytest.mark.thorough


def shown_code(person):
    return element(person.client.get(f"{MOUNT}/recovery").text, "twofactor-recovery-code")


def chosen(person):
    page = person.client.get(f"{MOUNT}/").text
    return set(re.findall(r'name="areas" value="(\w+)"[^>]* checked', page)) - {"staff"}


class TestAreas:
    def test_adding_asks_nothing(self, alice):
        """C-70"""
        alice.enrol(["note"])
        saved = alice.post("/", {"areas": ["note", "vault"]})
        assert (saved.status_code, saved.location) == (303, f"{MOUNT}/")
        assert chosen(alice) == {"note", "vault"}

    def test_removing_asks_and_keeps_the_choice(self, protected):
        """A-60: the choice itself is guarded."""
        asked = protected.post("/", {"areas": ["note", "sign_in"]})
        assert asked.status_code == 403
        assert 'role="dialog"' in asked.text
        assert chosen(protected) == set(ALL)
        saved = protected.answer(asked, f"{MOUNT}/", protected.code(), areas=ALL)
        assert saved.status_code == 303
        assert chosen(protected) == {"note", "sign_in"}

    def test_adding_and_removing_at_once_asks(self, alice):
        alice.enrol(["note"])
        assert alice.post("/", {"areas": ["vault"]}).status_code == 403
        assert chosen(alice) == {"note"}

    def test_an_old_page_removes_nothing_that_was_added_elsewhere(self, alice):
        """F-36: what a page changes is compared with what it showed."""
        alice.enrol(["note"])
        page = alice.client.get(f"{MOUNT}/").text
        shown = re.findall(r'name="shown" value="(\w+)"', page)
        assert set(shown) == {"note", "staff"}
        alice.post("/", {"areas": ["note", "vault"], "shown": shown})
        saved = alice.post("/", {"areas": ["note", "payment"], "shown": shown})
        assert saved.status_code == 303, "the old page; no code is asked for"
        assert chosen(alice) == {"note", "vault", "payment"}
        asked = alice.post("/", {"areas": ["payment"], "shown": shown})
        assert asked.status_code == 403
        alice.post("/", {"areas": ["note", "sign_in"], "shown": shown})
        assert alice.answer(asked, f"{MOUNT}/", alice.code()).status_code == 303
        assert chosen(alice) == {"vault", "payment", "sign_in"}

    def test_a_choice_sent_twice_is_saved(self, protected):
        """F-32: the second answer says what is there, not that nothing was changed."""
        form = {"areas": ["note"], "shown": ALL, "twofactor_code": protected.code()}
        for _ in range(2):
            assert protected.post("/", form).status_code == 303
            assert "Saved." in protected.client.get(f"{MOUNT}/").text
        same = protected.post("/", {"areas": ["note"], "shown": ["note"]})
        assert same.status_code == 303
        assert "You didn&#39;t change anything." in protected.client.get(f"{MOUNT}/").text

    def test_an_empty_choice_asks(self, protected):
        """A-61"""
        assert protected.post("/", {}).status_code == 403
        assert chosen(protected) == set(ALL)

    @pytest.mark.parametrize("extra", ["admin", "preferences", "deactivation", "\0", "a" * 9000])
    def test_unknown_areas_change_nothing(self, protected, extra):
        assert protected.post("/", {"areas": [*ALL, extra]}).status_code == 403
        assert chosen(protected) == set(ALL)

    def test_a_mandatory_area_cannot_be_removed(self, protected):
        saved = protected.post("/", {"areas": ALL})
        assert saved.status_code == 303
        assert protected.client.post("/staff").status_code == 403

    def test_without_a_second_factor_there_is_nothing_to_choose(self, alice):
        assert alice.post("/", {"areas": ["note"]}).status_code == 303
        assert not alice.is_on()

    def test_the_change_is_told(self, alice):
        alice.enrol(["note"])
        told = []
        with signals.areas_changed.connected_to(lambda _app, **facts: told.append(facts)):
            alice.post("/", {"areas": ["note", "vault"]})
            alice.post("/", {"areas": ["note", "vault"]})
        assert told == [{"user_id": alice.id, "added": ("vault",), "removed": ()}]

    def test_over_json(self, alice):
        alice.enrol(["note"])
        token = alice.token(f"{MOUNT}/")
        headers = {"X-CSRFToken": token}
        state = alice.client.get(f"{MOUNT}/", headers={"Accept": "application/json"}).get_json()
        assert state["state"] == "on"
        assert [area["key"] for area in state["areas"] if area["chosen"]] == ["note", "staff"]
        asked = alice.client.post(f"{MOUNT}/", json={"areas": []}, headers=headers)
        assert (asked.status_code, asked.get_json()["area"]) == (403, "preferences")
        headers["X-Twofactor-Code"] = alice.code()
        saved = alice.client.post(f"{MOUNT}/", json={"areas": []}, headers=headers)
        assert saved.get_json()["areas"] == ["staff"]
        for rubbish in ({"areas": [1]}, {"areas": {"note": True}}, {"areas": [["note"]]}, []):
            sent = alice.client.post(f"{MOUNT}/", json=rubbish, headers={"X-CSRFToken": token})
            assert sent.status_code in (200, 403)


class TestRecoveryCode:
    def test_a_new_one_needs_a_code_and_counts_once_it_is_saved(self, protected):
        """F-31, C-60: it can be looked at again; until it is saved, the old one counts."""
        assert protected.post("/recovery", {"code": ""}).status_code == 403
        refused = protected.post("/recovery", {"code": protected.wrong()})
        assert "is wrong" in error(refused.text)
        made = protected.post("/recovery", {"code": protected.code()})
        assert (made.status_code, made.location) == (303, f"{MOUNT}/recovery")
        fresh = shown_code(protected)
        assert fresh != protected.recovery_code
        assert shown_code(protected) == fresh
        other = protected.other_browser()
        other.sign_in()
        protected.clock.advance(30)
        other.post("/sign-in", {"code": other.code()})
        assert fresh not in other.client.get(f"{MOUNT}/recovery").text
        assert "tick the box" in error(protected.post("/recovery", {}).text)
        assert fresh in protected.post("/recovery", {"saved": "no"}).text
        assert self.opens(protected, protected.recovery_code)
        assert not self.opens(protected, fresh)
        token = protected.token(f"{MOUNT}/recovery")
        told = []
        with signals.recovery_code_replaced.connected_to(lambda _app, **facts: told.append(facts)):
            for _ in range(2):
                data = {"csrf_token": token, "saved": "yes"}
                saved = protected.client.post(f"{MOUNT}/recovery", data=data)
                assert (saved.status_code, saved.location) == (303, f"{MOUNT}/")
                page = protected.client.get(f"{MOUNT}/").text
                assert "Your old one no longer works." in page
        assert [facts.keys() for facts in told] == [{"user_id", "undo", "undo_url"}]
        assert fresh not in protected.client.get(f"{MOUNT}/recovery").text
        assert not self.opens(protected, protected.recovery_code)
        assert self.opens(protected, fresh)

    def opens(self, person, code):
        """Return whether this is the recovery code that counts."""
        kit = person.app.extensions["twofactor"].kit
        with person.app.app_context():
            hashed = kit.store.account(person.id).recovery_hash
        return recovery.is_code(RecoveryCode.read(code), hashed)

    @pytest.mark.parametrize("end", ["late", "cancelled"])
    def test_a_new_one_that_is_not_saved_leaves_the_old_one(self, protected, clock, end):
        """F-31"""
        protected.post("/recovery", {"code": protected.code()})
        fresh = shown_code(protected)
        if end == "late":
            clock.advance(901)
            late = protected.post("/recovery", {"saved": "yes"})
            assert late.status_code == 403
            assert "only the one you saved last works" in error(late.text)
        else:
            protected.post("/recovery", {"cancel": "yes"})
            assert "your old recovery code still works" in protected.client.get(f"{MOUNT}/").text
        assert fresh not in protected.client.get(f"{MOUNT}/recovery").text
        assert self.opens(protected, protected.recovery_code)

    def test_looking_makes_none_and_shows_none(self, protected):
        """C-54"""
        for path in ("/recovery", "/", "/activate"):
            page = protected.client.get(f"{MOUNT}{path}", follow_redirects=True).text
            assert protected.recovery_code not in page
        assert protected.post("/deactivate", {"code": protected.recovery_code}).status_code == 303

    def test_sending_the_same_form_twice_makes_one(self, protected):
        """F-31: a double click, or a form sent again by Reload, leads to the one code."""
        code, token = protected.code(), protected.token(f"{MOUNT}/recovery")
        data = {"code": code, "csrf_token": token}
        for _ in range(2):
            sent = protected.client.post(f"{MOUNT}/recovery", data=data)
            assert (sent.status_code, sent.location) == (303, f"{MOUNT}/recovery")
            fresh = shown_code(protected)
        assert shown_code(protected) == fresh
        protected.clock.advance(61)
        late = protected.client.post(f"{MOUNT}/recovery", data=data)
        assert late.status_code == 403


class TestDeactivation:
    def test_with_a_code(self, protected):
        done = protected.post("/deactivate", {"code": protected.code()})
        assert (done.status_code, done.location) == (303, f"{MOUNT}/")
        assert 'data-state="off"' in protected.client.get(f"{MOUNT}/").text
        assert protected.client.post("/note", data={"text": "hi"}).status_code == 303

    def test_with_the_recovery_code_in_any_spelling(self, protected):
        typed = f" {protected.recovery_code.lower().replace('-', '')} "
        assert protected.post("/deactivate", {"code": typed}).status_code == 303
        assert not protected.is_on()

    def test_deactivation_leaves_no_rows(self, protected, host):
        """C-20, C-73"""
        protected.post("/deactivate", {"code": protected.code()})
        with host.app_context():
            for name in ("account", "authenticator"):
                table = host.db.metadata.tables[f"twofactor_{name}"]
                assert host.db.session.query(table).count() == 0
            tickets = host.db.session.query(host.db.metadata.tables["twofactor_ticket"])
            assert {ticket.kind for ticket in tickets} == {"undo"}

    def test_the_password_too_when_it_was_given_long_ago(self, protected, clock):
        """C-58, C-73, D8"""
        clock.advance(901)
        page = protected.client.get(f"{MOUNT}/deactivate").text
        assert "Current password" in page
        for password in ("", "wrong"):
            data = {"code": protected.code(), "password": password}
            refused = protected.post("/deactivate", data)
            assert "current password is wrong" in error(refused.text)
        data = {"code": protected.code(), "password": PASSWORD}
        assert protected.post("/deactivate", data).status_code == 303

    def test_wrong_recovery_codes_have_their_own_allowance(self, protected, clock):
        """A-24: guesses at codes don't hold the recovery code, nor the other way round."""
        for _ in range(5):
            refused = protected.post("/deactivate", {"code": protected.wrong_recovery()})
            assert refused.status_code == 403
        held = protected.post("/deactivate", {"code": protected.recovery_code})
        assert held.status_code == 429
        assert held.headers["Retry-After"] == "900"
        assert "or use a code from your app" in error(held.text)
        assert protected.post("/deactivate", {"code": protected.code()}).status_code == 303

    def test_the_recovery_code_works_while_codes_are_held(self, protected):
        """C-51"""
        for _ in range(5):
            protected.post("/deactivate", {"code": protected.wrong()})
        assert protected.post("/deactivate", {"code": protected.code()}).status_code == 429
        assert protected.post("/deactivate", {"code": protected.recovery_code}).status_code == 303

    def test_another_users_recovery_code_is_refused(self, protected, host, clock):
        """C-59, A-66"""
        from .person import Person

        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol()
        refused = protected.post("/deactivate", {"code": bob.recovery_code, "user_id": bob.id})
        assert refused.status_code == 403
        assert protected.is_on()
        assert bob.is_on()

    def test_by_get_it_does_nothing(self, protected):
        """A-49, C-108"""
        for method in ("get", "head"):
            call = getattr(protected.client, method)
            call(f"{MOUNT}/deactivate", query_string={"code": protected.code()})
        assert protected.client.post(f"{MOUNT}/deactivate").status_code == 400
        assert protected.is_on()

    @pytest.mark.parametrize("code", ["", "12345", "x" * 10_000, "١٢٣٤٥", "0000-0000"])
    def test_malformed_codes_cost_nothing(self, protected, code):
        for _ in range(6):
            assert protected.post("/deactivate", {"code": code}).status_code == 403
        assert protected.post("/deactivate", {"code": protected.code()}).status_code == 303

    def test_several_values_are_malformed(self, protected):
        """A-19, C-114"""
        data = {"code": [protected.code(), protected.recovery_code]}
        assert protected.post("/deactivate", data).status_code == 403
        assert protected.is_on()

    def test_deactivation_is_signalled_and_recorded(self, protected):
        """C-74, C-129"""
        told = []
        with (
            signals.recovery_code_used.connected_to(lambda _app, **_f: told.append("used")),
            signals.deactivated.connected_to(lambda _app, **facts: told.append(facts["by"])),
        ):
            protected.post("/deactivate", {"code": protected.recovery_code})
        assert told == ["used", "recovery"]
        page = protected.client.get(f"{MOUNT}/").text
        assert "You used your recovery code" in page
        assert "127.0.0.1" in page


def test_devices_and_trust_sent_twice_are_told_by_what_is_there(protected):
    """F-32: adding, renaming and removing a device; the twin of none is told that it failed."""
    new, code = f"{MOUNT}/authenticators/new", protected.code()
    for _ in range(2):
        sent = protected.post("/authenticators/new", {"name": "Tablet", "code": code})
        assert (sent.status_code, sent.location) == (303, new)
    phone = protected.secret
    page = protected.client.get(new).text
    protected.secret = element(page, "twofactor-secret").replace(" ", "")
    first = protected.code()
    for _ in range(2):
        sent = protected.post("/authenticators/new", {"code": first})
        assert (sent.status_code, sent.location) == (303, f"{MOUNT}/")
        assert "Tablet is added" in protected.client.get(f"{MOUNT}/").text
    address = re.findall(r"/authenticators/(\w{32})", protected.client.get(f"{MOUNT}/").text)[-1]
    for _ in range(2):
        protected.post(f"/authenticators/{address}", {"name": "Old tablet"})
        assert "Saved." in protected.client.get(f"{MOUNT}/").text
    protected.secret = phone
    protected.clock.advance(30)
    code, page = protected.code(), f"{MOUNT}/authenticators/{address}"
    token = protected.token(page)
    told = []
    for _ in range(2):
        data = {"csrf_token": token, "code": code}
        gone = protected.client.post(f"{page}/remove", data=data)
        assert gone.status_code == 303
        told.append(protected.client.get(f"{MOUNT}/").text)
    assert "Old tablet is removed" in told[0]
    assert "That device is no longer in your account" in told[1]


class Deeds:
    """Every deed that a code can confirm; each returns whether it was done."""

    def __init__(self, person):
        self.person, self.other = person, person.other_browser()
        self.other.sign_in()
        self.other.post("/sign-in", {"code": person.code()})
        person.clock.advance(VIEW_SECONDS + 30)

    def note(self, code):
        data = {"text": "1", "twofactor_code": code}
        return self.person.client.post("/note", data=data).status_code == 303

    def sign_in(self, code):
        third = self.person.other_browser()
        third.sign_in()
        return third.post("/sign-in", {"code": code}).status_code == 303

    def view(self, code):
        headers = {"X-Twofactor-Code": code}
        return self.other.client.get("/vault", headers=headers).status_code == 200

    def recovery(self, code):
        if self.person.post("/recovery", {"code": code}).status_code != 303:
            return False
        return self.person.post("/recovery", {"saved": "yes"}).status_code == 303

    def fewer(self, code):
        asked = self.person.post("/", {"areas": ["note", "sign_in", "vault"]})
        return self.person.answer(asked, f"{MOUNT}/", code).status_code == 303

    def off(self, code):
        return self.person.post("/deactivate", {"code": code}).status_code == 303


@pytest.mark.parametrize("second", ["note", "sign_in", "view", "recovery", "fewer", "off"])
@pytest.mark.parametrize("first", ["note", "sign_in", "view", "recovery"])
def test_the_code_of_one_deed_does_no_other(protected, first, second):
    """A-03, C-32"""
    deeds = Deeds(protected)
    code = protected.code()
    assert getattr(deeds, first)(code)
    if (first, second) != ("view", "view"):
        assert not getattr(deeds, second)(code)
    protected.clock.advance(30)
    if second != "view" or first != "view":
        assert getattr(deeds, second)(protected.code())


def test_pending_is_bound_to_the_preferences(protected):
    asked = protected.post("/", {"areas": ["note"]})
    data = {"twofactor_pending": pending(asked.text), "twofactor_code": protected.code()}
    assert protected.client.post("/note", data=data).status_code == 403


def test_what_is_off_is_told_before_the_code_is_read(protected):
    """A form that was left open after somebody turned it off leads on, whatever was typed."""
    tokens = {path: protected.token(f"{MOUNT}{path}") for path in ("/deactivate", "/recovery")}
    protected.post("/deactivate", {"code": protected.code()})
    assert not protected.is_on()
    for code in ("123456", "no code at all"):
        for path, token in tokens.items():
            data = {"csrf_token": token, "code": code}
            assert protected.client.post(f"{MOUNT}{path}", data=data).status_code == 303, path
