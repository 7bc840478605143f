"""The pages to add, rename and remove a phone, without scripts."""

import html
import re

import pytest

from portal.twofactor.service.names import LONGEST
from tests.support.codes import oathtool

from .host import PASSWORD
from .person import MOUNT, element, error

pytestmark = pytest.mark.thorough

NEW = "/authenticators/new"


def begin(person, name="Tablet", code=None):
    return person.post(NEW, {"name": name, "code": code or person.code()})


def add(person, name="Tablet"):
    """Add a phone and return its secret; moves the clock on."""
    assert begin(person, name).status_code == 303
    secret = element(person.client.get(f"{MOUNT}{NEW}").text, "twofactor-secret").replace(" ", "")
    done = person.post(NEW, {"code": oathtool(secret, person.clock())})
    assert done.status_code == 303, done.text
    person.clock.advance(30)
    return secret


def addresses(person):
    page = person.client.get(f"{MOUNT}/").text
    return re.findall(rf'href="{MOUNT}(/authenticators/[0-9a-f]{{32}})"', page)


def test_a_new_phone_is_added_and_the_old_one_removed(protected):
    """The journey of a person who moves to a new phone."""
    started = begin(protected)
    assert started.headers["Location"] == f"{MOUNT}{NEW}"
    first, again = (protected.client.get(f"{MOUNT}{NEW}").text for _ in range(2))
    secret = element(first, "twofactor-secret")
    assert element(again, "twofactor-secret") == secret, "a reload keeps the secret"
    assert 'id="twofactor-qr"' in first
    assert "twofactor-recovery-code" not in first
    # Without scripts, Save opens the challenge page.
    asked = protected.post(NEW, {"code": ""})
    assert asked.status_code == 200
    assert 'role="dialog"' in asked.text
    new = secret.replace(" ", "")
    done = protected.post(NEW, {"code": oathtool(new, protected.clock())}, follow_redirects=True)
    assert "Tablet is added" in html.unescape(done.text)
    old, tablet = addresses(protected)
    # The code that added it may have been phished, so it waits for a day.
    page = protected.client.get(f"{MOUNT}{old}").text
    assert "can't remove this one until <time" in page
    assert "/remove" not in page
    protected.clock.advance(86_400)
    assert f"{old}/remove" in protected.client.get(f"{MOUNT}{old}").text
    gone = protected.post(
        f"{old}/remove",
        {"code": oathtool(new, protected.clock()), "password": PASSWORD},
        page=f"{MOUNT}{old}",
    )
    assert gone.status_code == 303
    assert addresses(protected) == [tablet]
    protected.clock.advance(30)
    deed = {"text": "x", "twofactor_code": protected.code()}
    assert protected.client.post("/note", data=deed).status_code == 403, "the old phone counts"
    deed["twofactor_code"] = oathtool(new, protected.clock())
    assert protected.client.post("/note", data=deed).status_code == 303


def test_the_secret_is_never_shown_again(protected):
    """C-18"""
    secret = add(protected)
    one = addresses(protected)[1]
    for path in ("/", NEW, one):
        page = protected.client.get(f"{MOUNT}{path}").text
        assert secret not in page.replace(" ", "")
        assert secret[:4] not in page


def test_the_field_takes_as_much_as_the_rule(protected):
    """F-83: the field limits the name, so that it is not refused afterwards."""
    page = protected.client.get(f"{MOUNT}{NEW}").text
    assert f'name="name" type="text" maxlength="{LONGEST}"' in page


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("", None, "Enter a name"),
        ("x" * 41, None, "at most 40"),
        ("Authenticator app", None, "a device with that name"),
        ("Tablet", "12", "6-digit code"),
        ("Tablet", "", "Enter the code"),
    ],
)
def test_typed_text_is_kept(protected, name, code, says):
    """Bad input gets its own message and does not count as a guess."""
    refused = protected.post(
        NEW, {"name": name, "code": protected.code() if code is None else code}
    )
    assert refused.status_code == 403
    assert says in error(refused.text)
    assert f'value="{name}"' in refused.text
    assert begin(protected).status_code == 303, "the code was not used up"


def test_a_wrong_code_adds_nothing_and_removes_nothing(protected):
    """A-68"""
    refused = begin(protected, code=protected.wrong())
    assert refused.status_code == 403
    assert "is wrong" in error(refused.text)
    assert "twofactor-secret" not in protected.client.get(f"{MOUNT}{NEW}").text
    add(protected)
    old, _ = addresses(protected)
    refused = protected.post(f"{old}/remove", {"code": protected.wrong()}, page=f"{MOUNT}{old}")
    assert refused.status_code == 403
    assert len(addresses(protected)) == 2


def test_the_page_of_a_refused_removal_can_be_opened_again(protected):
    """A reload, a switch of the language and a sign-in meanwhile lead to its address by GET."""
    add(protected)
    old, _ = addresses(protected)
    protected.clock.advance(86_400)
    protected.post(f"{old}/remove", {"code": protected.wrong()}, page=f"{MOUNT}{old}")
    again = protected.client.get(f"{MOUNT}{old}/remove")
    assert again.status_code == 200
    assert f'action="{MOUNT}{old}/remove"' in again.text
    assert protected.client.head(f"{MOUNT}{old}/remove").status_code == 200
    as_json = {"Accept": "application/json"}
    there, here = (
        protected.client.get(f"{MOUNT}{old}{end}", headers=as_json).get_json()
        for end in ("", "/remove")
    )
    assert here | {"csrf_token": ""} == there | {"csrf_token": ""}
    strange = "/authenticators/" + "0" * 32
    assert protected.client.get(f"{MOUNT}{strange}/remove").status_code == 303


def test_renaming(protected):
    [one] = addresses(protected)
    page = protected.client.get(f"{MOUNT}{one}").text
    assert "your only device" in page
    assert "/remove" not in page
    refused = protected.post(one, {"name": " "}, page=f"{MOUNT}{one}")
    assert "Enter a name" in error(refused.text)
    saved = protected.post(one, {"name": "<b>Mine</b>"}, page=f"{MOUNT}{one}")
    assert saved.status_code == 303
    page = protected.client.get(f"{MOUNT}/").text
    assert "&lt;b&gt;Mine&lt;/b&gt;" in page
    assert "<b>Mine" not in page


def test_the_last_one_stays(protected):
    [one] = addresses(protected)
    refused = protected.post(f"{one}/remove", {"code": protected.code()}, page=f"{MOUNT}{one}")
    assert "your only device" in error(refused.text)
    assert len(addresses(protected)) == 1


@pytest.mark.parametrize("action", ["", "/remove"])
def test_an_authenticator_of_another_user_is_out_of_reach(host, protected, clock, action):
    """A-66"""
    from .person import Person

    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    [hers] = addresses(protected)
    answer = bob.post(
        f"{hers}{action}", {"name": "Mine", "code": bob.code()}, follow_redirects=True
    )
    assert "That device is no longer in your account" in answer.text
    assert "Mine" not in protected.client.get(f"{MOUNT}/").text
    assert bob.client.get(f"{MOUNT}{hers}").status_code == 303
    assert len(addresses(protected)) == 1


def test_where_it_is_off_there_is_nothing_to_add(alice):
    assert alice.client.get(f"{MOUNT}{NEW}").headers["Location"] == f"{MOUNT}/"
    answer = alice.post(NEW, {"name": "Tablet", "code": "123456"})
    assert answer.headers["Location"] == f"{MOUNT}/"
    assert not alice.is_on()


def test_when_it_is_over_the_page_says_so(protected):
    begin(protected)
    protected.clock.advance(901)
    refused = protected.post(NEW, {"code": "123456"})
    assert refused.status_code == 403
    assert 'name="name"' in refused.text
    assert error(refused.text)


def test_five_and_no_more(protected):
    for number in range(2, 6):
        add(protected, f"Phone {number}")
    assert NEW not in protected.client.get(f"{MOUNT}/").text.partition("<details")[0]
    refused = begin(protected, "Phone 6")
    assert "already have 5 devices" in error(refused.text)


def test_without_signing_in_there_is_no_page(host):
    """A-27"""
    client = host.test_client()
    for path in (NEW, f"/authenticators/{'0' * 32}"):
        assert client.get(f"{MOUNT}{path}").status_code in (302, 303, 401)
        assert client.post(f"{MOUNT}{path}", data={"name": "x"}).status_code in (302, 303, 401)
