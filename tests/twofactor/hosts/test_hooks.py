"""Guards in a hook of the host that runs before those of the blueprint."""

import pytest
from flask import request

from ..person import pending


@pytest.fixture(params=[False, True], ids=["any form", "exact"])
def app(small, request):
    return small(areas={"wire": {"exact": request.param}}, before=_guard, prepare=_add_wire)


def _guard(app):
    @app.before_request
    def guard():
        if request.path == "/wire":
            app.twofactor.require("wire", summary="all of it")


def _add_wire(app):
    @app.post("/wire")
    def wire():
        app.deeds.append(request.form["to"])
        return "sent"


@pytest.fixture
def alice(app, enter):
    person = enter(app)
    person.enrol(["wire"])
    return person


def test_the_form_is_kept_over_a_wrong_code(app, alice):
    asked = alice.client.post("/wire", data={"to": "Dana"})
    wrong = alice.answer(asked, "/wire", alice.wrong())
    assert wrong.status_code == 403
    assert alice.answer(wrong, "/wire", alice.code()).text == "sent"
    assert app.deeds == ["Dana"]


def test_it_is_executed_once(app, alice, clock):
    asked = alice.client.post("/wire", data={"to": "Dana"})
    assert pending(asked.text)
    assert alice.answer(asked, "/wire", alice.code()).text == "sent"
    clock.advance(60)
    assert alice.answer(asked, "/wire", alice.code()).status_code == 409
    assert app.deeds == ["Dana"]
