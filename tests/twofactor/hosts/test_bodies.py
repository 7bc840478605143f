"""The body of a request is left to the view of the host, where no code is asked (F-100)."""

import hashlib
import hmac
import io

import pytest
from flask import redirect, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

pytestmark = pytest.mark.thorough
KEY, FORM = b"a key of a webhook", "application/x-www-form-urlencoded"
BODY = b"text=hello%20world&user=1"
SIGNED = hmac.new(KEY, BODY, hashlib.sha256).hexdigest()


def routes(app):
    @app.post("/signed")
    def signed():
        body = request.get_data()
        good = hmac.new(KEY, body, hashlib.sha256).hexdigest() == request.headers["X-Signature"]
        return {"good": good, "text": request.form["text"]}

    @app.post("/stream")
    def stream():
        return request.stream.read()

    @app.post("/form")
    def form():
        return request.form.to_dict()

    @app.post("/old")
    def old():
        return redirect("/form", 308)


@pytest.fixture
def client(small):
    return small(prepare=routes).test_client()


def test_a_signature_over_the_body_is_checked(client):
    """F-100: webhooks sign the body of a form."""
    sent = client.post("/signed", data=BODY, content_type=FORM, headers={"X-Signature": SIGNED})
    assert sent.json == {"good": True, "text": "hello world"}


def test_the_stream_is_read(client):
    """F-100"""
    assert client.post("/stream", data=BODY, content_type=FORM).data == BODY


def test_a_redirect_that_keeps_the_method_is_followed(client):
    """F-100: the test client sends the same stream again."""
    sent = client.post("/old", data=BODY, content_type=FORM, follow_redirects=True)
    assert sent.json == {"text": "hello world", "user": "1"}


def test_a_form_that_went_through_a_challenge_is_the_persons(small, enter):
    person = enter(small(prepare=routes))
    person.enrol(["note"])
    asked = person.client.post("/note", data={"text": "1"})
    assert asked.status_code == 403
    assert person.answer(asked, "/note", person.code()).status_code < 400
    assert person.app.deeds


class Once:
    """The stream of a server: read once, never rewound."""

    def __init__(self, body):
        self._left = io.BytesIO(body)

    def read(self, size=-1):
        return self._left.read(size)

    def readline(self, size=-1):
        return self._left.readline(size)


@pytest.mark.parametrize(
    ("path", "wanted"), [("/stream", BODY), ("/signed", b'{"good":true,"text":"hello world"}\n')]
)
def test_a_stream_of_a_server_is_left(client, path, wanted):
    """F-100: gunicorn's stream can't be rewound."""
    headers = {"X-Signature": SIGNED}
    builder = EnvironBuilder(path, method="POST", data=BODY, content_type=FORM, headers=headers)
    sent, _status, _headers = run_wsgi_app(
        client.application, builder.get_environ() | {"wsgi.input": Once(BODY)}
    )
    assert b"".join(sent) == wanted
