"""The table of docs/security.md: who holds what, and what each can do with an undo link beside it.

The host of these tests does what the guide asks of it: an undo ends the password.
"""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.twofactor import UndoOver
from portal.twofactor.core.answers import Code, RecoveryCode
from portal.twofactor.core.errors import CodeWrong, RecoveryWrong
from portal.twofactor.service import authenticators, deactivation, verification
from tests.support.codes import oathtool
from tests.twofactor.host import PASSWORD

from .changes import DAY, Browser

pytestmark = pytest.mark.thorough

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
SECOND_STEP = "/two-factor/sign-in"


@pytest.fixture(autouse=True)
def careful(made, host):
    """The host ends the password with each undo, and remembers whether protection was lowered."""
    told = []

    def join(connection, name, user_id, facts):
        if name == "undone":
            told.append(facts["lowered"])
            void = text("UPDATE host_user SET password = :none WHERE id = :id")
            connection.execute(void, {"none": "none that anybody has", "id": user_id})

    made.kit.store.joins = join
    return told


def stranger(made):
    """Somebody else's browser."""
    return made.person.other_browser()


def enters(person, password=PASSWORD):
    """Return the page that the password leads to: on, to the second step, or nowhere (`None`)."""
    person.app.db.session.rollback()
    answer = person.sign_in(password)
    return answer.location if answer.status_code < 400 else None


def nothing(made, _careful):
    made.deactivate()
    for guess in ("0", "A" * 43, made.person.id):
        with pytest.raises(UndoOver):
            made.undo(guess)
    assert made.account is None


def the_mailbox_alone(made, careful):
    made.deactivate()
    made.clock.advance(60)
    made.person.enrol()
    Browser(made.app).undo(made.token)
    assert made.account is None, "what the owner has just turned on"
    assert careful == [True], "and the host knows"
    assert enters(stranger(made), "a guess") is None


def the_mailbox_and_the_password(made, careful):
    assert enters(stranger(made)) == SECOND_STEP
    made.deactivate()
    made.clock.advance(60)
    made.person.enrol()
    Browser(made.app).undo(made.token)
    assert enters(stranger(made)) is None
    assert careful == [True]


def the_password_alone(made, _careful):
    made.choose("sign_in")
    thief = stranger(made)
    assert enters(thief) == SECOND_STEP
    assert thief.client.get("/two-factor/undo").status_code == 403


def a_session(made, _careful):
    """No page and no answer for programs shows a link, not even to the one who made the change."""
    code = made.code().digits
    answer = made.person.post("/", {"areas": ["note"], "twofactor_code": code})
    token = made.token
    seen = [answer.text, str(answer.headers)]
    for path in ("/", "/activity", "/activity.csv", "/undo"):
        for accept in ("text/html", "application/json"):
            page = made.person.client.get(f"/two-factor{path}", headers={"Accept": accept})
            seen.append(page.text)
    cookies = [str(made.person.client.get_cookie(name)) for name in ("session", "remember_token")]
    assert not any(token in each for each in [*seen, *cookies])


def a_session_and_one_code(made, careful):
    """The thief adds a device, and removes the owner's with it; the owner undoes the first mail."""
    theirs = made.add("Theirs")
    first = made.token
    made.clock.advance(DAY)  # before that, a new device can remove none
    made.remove("Authenticator app", made.code(theirs))
    made.choose("note")
    Browser(made.app).undo(first)
    with pytest.raises(CodeWrong):
        made.answers(theirs)
    made.answers()
    assert "sign_in" in made.account.areas
    assert enters(stranger(made)) is None, "the password that the thief knows"
    assert careful == [True], "the owner's device comes back"
    for _name, facts in made.heard[1:-1]:
        with pytest.raises(UndoOver):
            made.undo(facts["undo"])


def the_mailbox_and_a_removed_device(made, careful):
    tablet = made.add("Tablet")
    authenticators.remove(made.kit, made.who, made.of_name("Tablet"), made.code())
    with pytest.raises(CodeWrong):
        made.answers(tablet)
    Browser(made.app).undo(made.token)
    made.answers(tablet)
    assert enters(stranger(made)) is None
    assert careful == [True]


def the_mailbox_and_an_old_recovery_code(made, careful):
    old = RecoveryCode.read(made.person.recovery_code)
    made.replace_recovery_code()
    with pytest.raises(RecoveryWrong):
        deactivation.deactivate(made.kit, made.who, old)
    Browser(made.app).undo(made.token)
    deactivation.deactivate(made.kit, made.who, old)
    assert enters(stranger(made)) is None
    assert careful == [True]


def a_code_or_a_device_alone(made, _careful):
    made.clock.advance(60)
    code = Code(oathtool(made.person.secret, made.clock()))
    with pytest.raises(UndoOver):
        made.undo(code.digits)
    verification.challenge(made.kit, made.who, code, "note")
    assert enters(stranger(made), "a guess") is None


def a_copy_of_the_database(made, _careful):
    """It has a digest, which is no token, and a snapshot that is sealed."""
    made.deactivate()
    row = text("SELECT digest, sealed FROM twofactor_ticket WHERE kind = 'undo'")
    with made.app.db.engine.connect() as connection:
        found = connection.execute(row).all()
    for digest, sealed in found:
        with pytest.raises(UndoOver):
            made.undo(digest)
        assert made.person.secret.encode() not in bytes(sealed)
    assert made.account is None


HOLDERS = {
    "nothing": nothing,
    "the mailbox, or the link": the_mailbox_alone,
    "the mailbox and the password": the_mailbox_and_the_password,
    "the password": the_password_alone,
    "a session": a_session,
    "a session and one code": a_session_and_one_code,
    "the mailbox and a device that was removed": the_mailbox_and_a_removed_device,
    "the mailbox and a recovery code that was replaced": the_mailbox_and_an_old_recovery_code,
    "a code, or a device": a_code_or_a_device_alone,
    "a copy of the database": a_copy_of_the_database,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_who_holds(made, careful, holder):
    HOLDERS[holder](made, careful)


def test_the_table_of_the_page_has_these_rows():
    section = PAGE.read_text().partition("## Undo links")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][^|]*?) \|", section, re.MULTILINE)
    assert [row for row in rows if row != "who holds"] == list(HOLDERS)
