"""The guard hands on what a view returns, and decorators above it make the answer of that."""

import functools

import pytest
from flask import jsonify
from flask_login import login_required

pytestmark = pytest.mark.thorough


class Note:
    """An object that Flask can't make an answer of."""

    text = "Hello"


def a_note():
    return Note()


def serialised(status):
    """A decorator as that of an extension that serialises what a view returns."""

    def decorate(view):
        @functools.wraps(view)
        def inner(*args, **kwargs):
            found = view(*args, **kwargs)
            return jsonify(text=found.text), status

        return inner

    return decorate


@pytest.fixture
def host(host):
    """The host of the other tests, with views whose answers are made above the guard."""
    guarded = host.twofactor.required("note")

    def caught(view):
        @functools.wraps(view)
        def inner(*args, **kwargs):
            try:
                return view(*args, **kwargs)
            except LookupError:
                return "again", 422

        return inner

    for status in (201, 422, 500):
        view = login_required(serialised(status)(guarded(a_note)))
        host.add_url_rule(f"/returning/{status}", f"returning{status}", view, methods=["POST"])

    @host.post("/raising")
    @login_required
    @caught
    @guarded
    def raising():
        raise LookupError

    @guarded
    def inner():
        return "plain", 201

    @host.post("/calling")
    @login_required
    def calling():
        assert inner() == ("plain", 201)
        return "called"

    return host


def test_the_object_is_handed_on_where_nothing_is_asked(alice):
    """F-95"""
    answer = alice.client.post("/returning/201")
    assert (answer.status_code, answer.get_json()) == (201, {"text": "Hello"})


def test_the_object_is_handed_on_after_a_code(protected):
    """F-95"""
    assert protected.client.post("/returning/201").status_code == 403
    code = {"twofactor_code": protected.code()}
    answer = protected.client.post("/returning/201", data=code)
    assert (answer.status_code, answer.get_json()) == (201, {"text": "Hello"})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("status", "again"), [(422, 422), (201, 403), (500, 403)])
def test_the_status_of_the_whole_answer_leaves_a_pass_or_none(protected, status, again):
    code, path = {"twofactor_code": protected.code()}, f"/returning/{status}"
    assert protected.client.post(path, data=code).status_code == status
    assert protected.client.post(path).status_code == again


def test_an_exception_that_a_decorator_answers_leaves_no_pass(protected):
    """The view may have done its deed before it raised."""
    code = {"twofactor_code": protected.code()}
    assert protected.client.post("/raising", data=code).status_code == 422
    assert protected.client.post("/raising").status_code == 403


def test_a_view_called_by_another_gets_what_it_returns(alice):
    """F-95: as in tests of hosts that call a view."""
    assert alice.client.post("/calling").text == "called"
