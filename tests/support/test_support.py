"""Tests of the helpers; a helper that misreads a page would make other tests wrong."""

import re

import pytest

from tests.support.clock import START, Clock
from tests.support.codes import oathtool, wrong_code
from tests.support.forms import find_form, forms
from tests.support.html import parse
from tests.support.recycled import Pool
from tests.twofactor.host import make_host

PAGE = """<!doctype html><nav><form method=post action=/logout><input type=hidden name=csrf_token
value=a><button>Sign out</button></form></nav>
<main id=content><h1>Change &amp; save</h1><form method="post">
<input type="hidden" name="csrf_token" value="tok">
<input name=email value="old@example.org"><input type=password name=password>
<input type=checkbox name=areas value=one checked><input type=checkbox name=areas value=two>
<button>  Save
</button></form></main>"""


def test_untouched_fields_are_sent_as_a_browser_sends_them():
    form = find_form(PAGE, "email", button="Save")
    assert form.filled({"email": "new@example.org"}) == {
        "csrf_token": ["tok"],
        "password": [""],
        "areas": ["one"],
        "email": ["new@example.org"],
    }


def test_typed_lists_replace_what_was_ticked():
    assert find_form(PAGE, "areas").filled({"areas": ["one", "two"]})["areas"] == ["one", "two"]


def test_a_form_is_found_by_its_fields_and_not_by_its_place():
    assert [form.action for form in forms(PAGE)] == ["/logout", ""]
    with pytest.raises(AssertionError, match="no POST form"):
        find_form(PAGE, "nothing")


def test_text_is_only_that_of_the_element():
    page = parse(PAGE)
    assert page.by_id("content").all("h1")[0].text == "Change & save"
    with pytest.raises(AssertionError, match="no element"):
        page.by_id("absent")


def test_oathtool_agrees_with_rfc_6238():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert oathtool(secret, 59, digits=8) == "94287082"
    assert oathtool(secret, 20000000000, digits=8) == "65353130"


def test_a_wrong_code_is_not_the_right_one():
    secret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    code = wrong_code(secret, START)
    assert re.fullmatch(r"\d{6}", code)
    assert code != oathtool(secret, START)


def test_the_clock_starts_with_a_step():
    clock = Clock()
    assert clock() % 30 == 0
    assert clock.advance() == clock() == START + 30


servers = pytest.mark.parametrize(
    "server",
    [
        pytest.param("postgres_server", marks=pytest.mark.postgres),
        pytest.param("mariadb_server", marks=pytest.mark.mariadb),
    ],
)


@servers
def test_each_database_is_empty_and_goes_away(server, request):
    import sqlalchemy as sa

    running = request.getfixturevalue(server)
    uris = [running.create_database() for _ in range(2)]
    for uri in uris:
        engine = sa.create_engine(uri)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE only_mine (id int)"))
        engine.dispose()
    for uri in uris:
        running.drop_database(uri)
    engine = sa.create_engine(uris[0])
    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass
    engine.dispose()


@servers
def test_a_database_is_handed_on_emptied_and_dropped_once_its_tables_were_changed(
    server, request, tmp_path
):
    databases = Pool(request.getfixturevalue(server))

    def use(statement):
        uri = databases.take("app")
        host = make_host(uri, tmp_path, Clock())
        with host.app_context(), host.db.engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM host_user").scalar_one()
            connection.exec_driver_sql(statement)
            event = "INSERT INTO twofactor_event (user_id, at, kind) VALUES ('1', 1, 'any')"
            connection.exec_driver_sql(event)
            last = "SELECT max(id) FROM twofactor_event"
            number = connection.exec_driver_sql(last).scalar_one()
        with host.app_context():
            host.db.engine.dispose()
        databases.give_back("app", uri)
        return uri, rows, number

    add = "INSERT INTO host_user VALUES ('1', 'alice', '')"
    first, *empty = use(add)
    assert empty == [0, 1]
    assert use(add) == (first, 0, 1)
    assert use("ALTER TABLE host_user ADD COLUMN more int") == (first, 0, 1)
    changed, *empty = use(add)
    assert changed != first
    assert empty == [0, 1]
