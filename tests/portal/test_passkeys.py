"""Passkeys in the portal: the domain they belong to, the mails about them, and the card."""

import json

import pytest

from portal import create_app
from portal.rules.passkey_address import rp_id_of
from portal.twofactor import SetupError
from portal.twofactor.core.settings import KEY
from portal.twofactor.testing.device import Device, base64url
from tests.portal.mails import html_of, mails, plain_of
from tests.support.codes import oathtool
from tests.support.databases import both
from tests.support.enrol import AREAS, TWOFACTOR
from tests.support.html import parse
from tools.serve import greeting

ORIGIN = "http://localhost:5000"
JSON = {"Accept": "application/json"}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("settings", "rp_id", "origins"),
    [
        ({}, "localhost", ("http://localhost",)),
        ({"PUBLIC_URL": "http://127.0.0.1:5000"}, "localhost", ("http://localhost",)),
        (
            {"PUBLIC_URL": "https://Portal.Example.org:443/x"},
            "portal.example.org",
            ("https://portal.example.org",),
        ),
        (
            {"PUBLIC_URL": "https://portal.example.org:8443", "TWOFACTOR_RP_ID": "example.org"},
            "example.org",
            ("https://portal.example.org:8443",),
        ),
        (
            {
                "PUBLIC_URL": "https://a.example.org",
                "TWOFACTOR_ORIGINS": ["https://a.example.org", "https://b.a.example.org"],
            },
            "a.example.org",
            ("https://a.example.org", "https://b.a.example.org"),
        ),
    ],
)
def test_the_domain_follows_the_address(tmp_path, settings, rp_id, origins):
    app = create_app({"INSTANCE_PATH": str(tmp_path), **settings})
    party = app.extensions[KEY].kit.settings.relying_party
    assert (party.id, party.origins) == (rp_id, origins)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example.org",
        "https://192.0.2.7",
        "https://portal",
        "https://pörtal.example",
        "https://my_portal.example.org",
    ],
)
def test_where_browsers_use_no_passkeys_there_are_none(tmp_path, address):
    assert rp_id_of(address) == ""
    app = create_app({"INSTANCE_PATH": str(tmp_path), "PUBLIC_URL": address})
    assert app.extensions[KEY].kit.settings.relying_party is None


def test_they_can_be_turned_off_and_a_wrong_domain_is_refused(tmp_path):
    app = create_app({"INSTANCE_PATH": str(tmp_path), "TWOFACTOR_RP_ID": ""})
    assert app.extensions[KEY].kit.settings.relying_party is None
    with pytest.raises(SetupError, match="TWOFACTOR_RP_ID"):
        create_app({"INSTANCE_PATH": str(tmp_path), "TWOFACTOR_RP_ID": "https://a.example"})


def test_the_start_says_where_passkeys_work():
    """W-23: browsers take no passkeys at IP addresses."""
    assert greeting(5001).splitlines() == [
        "The portal is on http://127.0.0.1:5001 (Ctrl-C stops it)",
        "Passkeys need http://localhost:5001, since browsers have none at IP addresses",
    ]


def test_each_page_may_use_passkeys(client, signed_in):
    """W-38: the policy of the portal contains that of the blueprint, everywhere."""
    for page in (client.get("/login"), signed_in.get(f"{TWOFACTOR}/"), client.get("/nowhere")):
        policy = page.headers["Permissions-Policy"]
        assert "publickey-credentials-get=(self)" in policy
        assert "publickey-credentials-create=(self)" in policy
        assert "camera=()" in policy


class Keys:
    """A customer who sets up passkeys as a program does."""

    def __init__(self, client, password):
        self.client, self.password = client, password

    def send(self, path, body):
        token = self.client.get(f"{TWOFACTOR}/", headers=JSON).get_json()["csrf_token"]
        answer = self.client.post(f"{TWOFACTOR}{path}", json=body, headers={"X-CSRFToken": token})
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def activate(self, areas=AREAS, **device):
        body = {"password": self.password, "choice": "mine", "areas": areas, "kind": "passkey"}
        made = Device("localhost", ORIGIN, **device)
        options = self.send("/activate", body)["publicKey"]
        self.send("/activate", {"passkey": made.create(options), "saved": "yes"})
        return made

    def answer(self, device, path, area):
        asked = {"area": area, "address": path if path[1:9] == "security" else TWOFACTOR + path}
        return device.get(self.send("/passkey", asked)["publicKey"])

    def add(self, device, name, **options):
        answer = self.answer(device, "/authenticators/new", "authenticators")
        body = {"name": name, "kind": "passkey", "passkey": answer}
        made = Device("localhost", ORIGIN, **options)
        options = self.send("/authenticators/new", body)["publicKey"]
        self.send("/authenticators/new", {"passkey": made.create(options)})
        return made

    def listed(self):
        found = self.client.get(f"{TWOFACTOR}/", headers=JSON).get_json()["authenticators"]
        return {each["name"]: each["authenticator"] for each in found}


@pytest.fixture
def keys(signed_in, customer_password):
    return Keys(signed_in, customer_password)


def subjects(app):
    return [mail["Subject"] for mail in mails(app)]


@both
@pytest.mark.thorough
def test_the_owner_is_told_of_each_passkey(app, runner, keys):
    """W-56: added, removed by the owner or by the operator, and suspected of a copy."""
    first = keys.activate(count=7)
    keys.add(first, "Blue key")
    assert subjects(app)[-1] == "Your account has a new passkey"
    text = plain_of(mails(app)[-1])
    for words in ("Passkey: Blue key", "When:", "sign everybody out"):
        assert words in text, words

    number = keys.listed()["Blue key"]
    path = f"/authenticators/{number}/remove"
    keys.send(path, {"passkey": keys.answer(first, path, "authenticators")})
    assert subjects(app)[-1] == "A passkey is removed from your account"
    assert "“Blue key” no longer works here." in plain_of(mails(app)[-1])

    keys.add(first, "Spare")
    first.count -= 1
    before = len(mails(app))
    answer = json.dumps(keys.answer(first, "/security/password", "password"))
    token = keys.client.get(f"{TWOFACTOR}/", headers=JSON).get_json()["csrf_token"]
    new = "a really long new password 7"
    form = {"current_password": keys.password, "new_password": new, "repeat_password": new}
    sent = form | {"twofactor_passkey": answer, "csrf_token": token}
    assert keys.client.post("/security/password", data=sent).status_code == 403
    assert subjects(app)[before:] == ["One of your passkeys may have been copied"]

    asked = ["twofactor", "remove-authenticator", "alice", keys.listed()["Spare"]]
    done = runner.invoke(args=[*asked, "--reason", "known number", "--yes"])
    assert done.exit_code == 0, done.output
    assert subjects(app)[-1] == "Our support team removed a passkey from your account"
    assert "known number" not in plain_of(mails(app)[-1])
    assert keys.client.get("/").status_code == 303, "signed out"
    for mail in mails(app):
        plain = plain_of(mail)
        assert base64url(first.id) not in plain
        assert number not in plain


@pytest.mark.thorough
def test_the_mail_of_the_end_speaks_of_passkeys(app, keys):
    first = keys.activate(["sign_in"])
    keys.send("/", {"areas": ["sign_in", "password"]})
    body = {"passkey": keys.answer(first, "/deactivate", "deactivation")}
    keys.send("/deactivate", body | {"password": keys.password})
    assert subjects(app) == [
        "Two-factor authentication is on",
        "You changed when we ask for your passkey",
        "Two-factor authentication is off",
    ]
    text = " ".join(plain_of(mails(app)[0]).split())
    assert "From now on we'll ask for your passkey when you: sign in" in text
    text = " ".join(plain_of(mails(app)[-1]).split())
    assert "Your passkeys and your recovery code no longer work here." in text


@pytest.mark.thorough
def test_the_card_speaks_of_passkeys(keys):
    first = keys.activate()
    text = " ".join(parse(keys.client.get("/security/").text).text.split())
    assert "Protected" in text
    assert "We ask for your passkey when you: sign in" in text
    assert "Signing in needs your passkey" in text
    assert "You confirm with: Passkey, last used" in text
    assert "When we ask for your passkey" in text
    assert "needs a code" not in text
    assert base64url(first.id) not in text
    overview = parse(keys.client.get("/").text).text
    assert "Your invoices are locked. Use your passkey to see them." in " ".join(overview.split())


@pytest.mark.thorough
def test_the_card_says_where_a_passkey_is_needed(keys, clock):
    """No claim that a code is enough where the customer has chosen a passkey alone."""
    path, first = "/authenticators/new", keys.activate()
    answer = keys.answer(first, path, "authenticators")
    begun = keys.send(path, {"name": "Phone", "kind": "app", "passkey": answer})
    secret = begun["secret"].replace(" ", "")
    keys.send(path, {"code": oathtool(secret, clock())})

    def pages():
        return [parse(keys.client.get(path).text).text for path in ("/security/", "/")]

    for page in pages():
        assert "Signing in needs a code or passkey" in page
    assert "Enter a code or use a passkey to see them." in page
    keys.send("/", {"areas": AREAS, "only": ["sign_in", "invoices"]})
    for page in pages():
        assert "Signing in needs your passkey" in page
    assert "Your invoices are locked. Use your passkey to see them." in page
    page = parse(keys.client.get(f"{TWOFACTOR}/").text).text
    assert "Where a code is not enough, you need your passkey." in page


@pytest.mark.thorough
def test_a_name_is_text_in_a_mail(app, keys):
    """WA-38: no markup, no second line, no header, no turned letters."""
    keys.add(keys.activate(), "<b>x</b>\r\nBcc: eve@example.org \u202egnp")
    mail = mails(app)[-1]
    name = "<b>x</b> Bcc: eve@example.org gnp"
    assert f"Passkey: {name}" in plain_of(mail)
    assert mail["Bcc"] is None
    assert mail["To"] == "alice@example.org"
    assert "<b>x" not in html_of(mail)
    assert "&lt;b&gt;x" in html_of(mail)
