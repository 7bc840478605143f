"""The pages of the help desk: a refusal leads to what it is about, also where that has gone."""

import re

import pytest

from portal.twofactor.service.help_desk import records
from tests.twofactor.person import Person, error

pytestmark = pytest.mark.thorough


def leads(page):
    """Return where the summary of an error leads; the page has such an element."""
    assert page.status_code in (400, 403, 409, 429), page.text
    [target] = re.findall(r'twofactor-error.*?href="#([\w-]+)"', page.text, re.DOTALL)
    assert f'id="{target}"' in page.text, target
    return target


@pytest.fixture
def eve(agent):
    return agent("eve")


class TestOne:
    def test_fields(self, bob, protected):
        assert leads(bob.send("unlock", protected, asked="0")) == "twofactor-asked"
        assert leads(bob.send("reset", protected, reason=" ")) == "twofactor-reason"
        assert leads(bob.send("reset", protected, reason="w" * 201)) == "twofactor-reason"
        # With one device there is no choice of devices.
        assert leads(bob.send("remove", protected)) == "twofactor-help"

    def test_what_was_typed_stays(self, bob, protected):
        page = bob.send("reset", protected, reason="w" * 201, asked=["1"]).text
        assert f'value="{"w" * 201}"' in page
        assert page.count("checked") == 1

    @pytest.mark.parametrize("length", [201, 2001, 10_000])
    def test_a_reason_that_is_too_long_is_no_missing_one(self, bob, protected, length):
        page = bob.send("reset", protected, reason="w" * length)
        assert leads(page) == "twofactor-reason"
        assert error(page.text) == "The reason is too long. Use at most 200 characters."

    def test_a_customer_who_has_it_off(self, bob, protected):
        assert bob.do("reset", protected).status_code == 303
        assert leads(bob.do("unlock", protected)) == "twofactor-state"
        assert leads(bob.send("unlock", protected, reason="")) == "twofactor-state"

    def test_staff(self, bob, eve):
        page = bob.send("unlock", eve.person)
        assert leads(page) == "twofactor-state"
        # Said once.
        assert page.text.count(error(page.text)) == 1

    def test_the_limit(self, bob, protected, monkeypatch):
        monkeypatch.setattr(records, "MOST", 1)
        assert bob.do("start-over", protected).status_code == 303
        page = bob.do("reset", protected)
        assert page.status_code == 429
        assert leads(page) == "twofactor-help"


class TestTwo:
    @pytest.fixture
    def desk_options(self):
        return {"two_people": True}

    def test_a_request_takes_the_place_of_the_form(self, bob, eve, protected):
        assert bob.do("reset", protected).status_code == 303
        assert leads(bob.do("reset", protected)) == "twofactor-request"
        page = eve.page(protected).text
        assert 'name="reason"' not in page
        assert "Unlock codes" not in page
        assert leads(eve.send("unlock", protected, reason="")) == "twofactor-request"
        assert leads(eve.send("confirm", protected, asked=[])) == "twofactor-asked"

    def test_who_only_looks_sees_that_it_waits(self, bob, agent, protected):
        assert bob.do("reset", protected).status_code == 303
        page = agent("carl").page(protected).text
        assert "A reset waits for a second agent" in page
        assert (
            "<button" not in page.partition('id="twofactor-request"')[2].partition("</section>")[0]
        )
        assert "Confirm the reset" not in page


def test_a_name_turns_no_sentence_around(bob, host, clock):
    """An override in a name would turn the rest of each sentence about its bearer."""
    person = Person(host, clock, "evil\u202eecila")
    person.sign_in()
    person.enrol([])
    pages = [bob.page(person).text, bob.send("reset", person).text]
    assert bob.do("reset", person).status_code == 303
    pages.append(bob.front().text)
    for page in pages:
        assert "evil ecila" in page
        assert "\u202e" not in page


def test_enter_does_nothing(bob, protected):
    """A form's first button is the one that Enter presses: here it does nothing."""
    page = bob.page(protected).text
    form = page.partition('id="twofactor-help"')[2].partition("</form>")[0]
    assert re.search(r"<button[^>]*>", form)[0] == '<button type="submit" disabled hidden>'
