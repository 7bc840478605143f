"""A passkey wherever a code is taken, and for people who are not signed in."""

import html
import json
import re

import pytest

from portal.twofactor.testing import Device
from portal.twofactor.testing.device import base64url
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, element, pending

from .holder import NEW, ORIGIN, RP_ID

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}


def asked(page):
    """The facts that the page tells its script."""
    found = re.search(r"data-twofactor-key='([^']*\"does\": \"get\"[^']*)'", page)
    assert found, "no passkey is asked for"
    return json.loads(html.unescape(found.group(1)))


def token_of(page):
    """The CSRF token that the script sends."""
    return asked(page)["token"]


def by_page(person, page):
    """Answer a page as its script does: with what the page says, and nothing else."""
    use = asked(page)
    body = {name: value for name, value in use["body"].items() if value}
    if use["pending"]:
        body["twofactor_pending"] = pending(page)
    headers = {"X-CSRFToken": token_of(page)}
    options = person.client.post(use["options"], json=body, headers=headers)
    assert options.status_code == 200, options.text
    return json.dumps(person.device.get(options.get_json()["publicKey"]))


def send(person, page, **data):
    """Send the form of a page with the answer that its script has put into it."""
    use = asked(page)
    [field] = re.findall(r'type="hidden" name="((?:twofactor_)?passkey)"', page)
    form = {"csrf_token": token_of(page), field: by_page(person, page), **data}
    return person.client.post(use["body"]["address"], data=form, follow_redirects=True)


def test_an_area_for_viewing(holder):
    """The page that asks opens it for the browser, a header for a program."""
    assert send(holder, holder.client.get("/vault").text).text == "gold"
    holder.clock.advance(301)
    given = json.dumps(holder.answer_for("vault", "/vault", method="GET")).encode()
    headers = {"X-Twofactor-Passkey": base64url(given)}
    assert holder.client.get("/vault", headers=headers).text == "gold"


def test_the_pages_of_the_blueprint(holder):
    """Each says to its script what its own form is bound to."""
    old = holder.recovery_code
    done = send(holder, holder.client.get(f"{MOUNT}/recovery").text, password=PASSWORD)
    holder.recovery_code = element(done.text, "twofactor-recovery-code")
    assert holder.recovery_code != old
    page = holder.client.get(f"{MOUNT}/").text
    send(holder, page, areas=["note", "payment"])
    chosen = {each["key"] for each in holder.state()["areas"] if each["chosen"]}
    assert {"note", "payment"} <= chosen
    assert not {"sign_in", "vault"} & chosen
    page = holder.client.get(NEW).text
    begun = send(holder, page, name="Second", kind="passkey", password=PASSWORD)
    options = json.loads(
        html.unescape(re.search("data-twofactor-passkey='([^']+)'", begun.text)[1])
    )
    holder.program("/authenticators/new", {"passkey": Device(RP_ID, ORIGIN).create(options)})
    number = holder.numbers()["Second"]
    page = holder.client.get(f"{MOUNT}/authenticators/{number}").text
    send(holder, page, password=PASSWORD)
    assert len(holder.numbers()) == 1
    send(holder, holder.client.get(f"{MOUNT}/deactivate").text, password=PASSWORD)
    assert not holder.is_on()


def test_the_page_of_the_second_step(holder):
    other = holder.other_browser()
    page = other.sign_in(next="/diary")
    page = other.client.get(page.location).text
    assert send(other, page).text == "diary"


def test_the_challenge_page_of_a_form(holder, host):
    """W-32: the script's way with the page alone; repeated fields come back in their order."""
    page = holder.client.post("/note?q=%C3%BC x", data={"text": ["b", "a"], "more": "ü"})
    data = {
        "twofactor_passkey": by_page(holder, page.text),
        "twofactor_pending": pending(page.text),
    }
    assert holder.client.post("/note?q=%C3%BC x", data=data).status_code == 303
    assert host.deeds == [[("text", "b"), ("text", "a"), ("more", "ü")]]


def test_the_dialog_of_a_form(holder, host):
    page = holder.client.get("/note").text
    data = {"text": "1", "twofactor_passkey": by_page(holder, page)}
    assert holder.client.post("/note", data=data).status_code == 303


@pytest.fixture
def nobody(holder):
    """The owner's device at a browser that is not signed in."""
    return holder.other_browser()


@pytest.mark.parametrize("link", ["link", "reset"])
def test_a_mailed_link(nobody, host, link):
    """Its page carries a claim, with which the script gets the options; nobody is signed in."""
    address = f"/{link}/{nobody.id}"
    page = nobody.client.post(address, data={"text": "1"})
    assert page.status_code == 403
    answer = by_page(nobody, page.text)
    data = {"twofactor_passkey": answer, "twofactor_pending": pending(page.text)}
    assert nobody.client.post(address, data=data).status_code == 303
    assert host.deeds == [link]
    again = nobody.client.post(address, data={"text": "1", "twofactor_passkey": answer})
    assert again.status_code == 403
    assert host.deeds == [link]
    assert nobody.client.get("/note").status_code == 302


def test_a_claim_opens_nothing_else(nobody, host, clock):
    """It lasts an hour, holds for its area, and an altered one is none."""
    page = nobody.client.post(f"/link/{nobody.id}", data={"text": "1"}).text
    use = asked(page)
    headers = {"X-CSRFToken": token_of(page)}

    def options(ask, area="note"):
        body = {"area": area, "address": f"/link/{nobody.id}", "ask": ask}
        return nobody.client.post(use["options"], json=body, headers=headers)

    told = options(use["body"]["ask"]).get_json()
    assert set(told) == {"publicKey", "seconds", "answers", "csrf_token"}
    for other in (use["body"]["ask"][:-8] + "AAAAAAA=", "AAAA", "é", ""):
        sent = options(other)
        assert sent.status_code in (302, 401), other
    # Whatever area is asked for, the challenge is for the area of the claim.
    answer = nobody.device.get(options(use["body"]["ask"], "payment").get_json()["publicKey"])
    data = {"text": "1", "twofactor_passkey": json.dumps(answer)}
    assert nobody.client.post(f"/link/{nobody.id}", data=data).status_code == 303
    assert nobody.client.get(f"{MOUNT}/", headers=JSON).status_code in (302, 401)
    clock.advance(3601)
    assert options(use["body"]["ask"]).status_code in (302, 401)


def test_two_guards_take_two_answers(holder, host):
    """One answer is for one area; the second guard asks for its own."""
    answer = json.dumps(holder.answer_for("note", "/both"))
    asks = holder.client.post("/both", data={"twofactor_passkey": answer})
    assert asks.status_code == 403
    assert host.deeds == []
    data = {
        "twofactor_passkey": by_page(holder, asks.text),
        "twofactor_pending": pending(asks.text),
    }
    assert holder.client.post("/both", data=data).status_code == 303
    assert host.deeds == ["both"]


def test_the_script_asks_with_a_form(holder):
    """W-32: the script sends the sealed form of its page along, percent-encoded."""
    page = holder.client.post("/note", data={"text": "1"}).text
    use, form = asked(page), pending(page)
    token = token_of(page)
    data = {"area": "note", "method": "POST", "address": "/note", "csrf_token": token}
    options = holder.client.post(use["options"], data={**data, "twofactor_pending": form})
    assert options.status_code == 200, options.text
    answer = json.dumps(holder.device.get(options.get_json()["publicKey"]))
    done = {"twofactor_pending": form, "twofactor_passkey": answer}
    assert holder.client.post("/note", data=done).status_code == 303
