"""The watch reports each fault that it is shown."""

import pytest
from flask import Flask

from tests.support.browser import LOOKS

pytestmark = pytest.mark.looks

HEAD = "<!doctype html><html lang=en><title>x</title><link rel=icon href='data:,'>"
VIEWPORT = "<meta name=viewport content='width=device-width'>"
PAGES = {
    "sound": "<main><h1>x</h1><form method=post action=/refused><button>Go</button></form></main>",
    "pale": "<main><h1>x</h1><p style='color:#ccc'>low contrast</p></main>",
    "wide": VIEWPORT + "<main><h1>x</h1><div style='width:340px'>wide</div></main>",
    "curious": "<main><h1>x</h1><img src='http://other.invalid/x.png' alt=x></main>",
    "inline": "<main><h1>x</h1><script>var x = 1</script></main>",
    "throwing": "<main><h1>x</h1><script src=/throw.js></script></main>",
}


@pytest.fixture(params=[LOOKS[0], LOOKS[-1]], ids=str)
def look(request):
    return request.param


@pytest.fixture
def app():
    stub = Flask(__name__)
    for name, body in PAGES.items():
        stub.add_url_rule(f"/{name}", name, lambda body=body: HEAD + body)
    stub.add_url_rule("/refused", "refused", lambda: (HEAD + PAGES["sound"], 403), methods=["POST"])
    stub.add_url_rule("/broken", "broken", lambda: (HEAD + PAGES["sound"], 500))
    stub.add_url_rule("/throw.js", "throw", lambda: ("throw Error()", {"Content-Type": "text/js"}))

    @stub.after_request
    def policy(response):
        response.headers["Content-Security-Policy"] = "script-src 'self'"
        return response

    return stub


def faults(person, path):
    person.open(path)
    person.page.wait_for_load_state("networkidle")
    seen = person.watch.faults[:]
    person.watch.faults.clear()
    return " ".join(seen)


def test_a_sound_page_passes(person):
    person.open("/sound")
    person.inspect()
    person.press("Go")
    person.is_at("/refused")
    person.check()


def test_low_contrast_is_seen(person):
    person.open("/pale")
    with pytest.raises(AssertionError, match="color-contrast"):
        person.inspect()


def test_scrolling_sideways_is_seen(person):
    person.open("/wide")
    with pytest.raises(AssertionError, match="320 px"):
        person.inspect()


def test_another_host_is_seen(person):
    assert "request to another host" in faults(person, "/curious")


def test_a_broken_answer_is_seen(person):
    assert "500 from" in faults(person, "/broken")


def test_faults_of_scripts_are_seen(person):
    assert bool(faults(person, "/inline")) == person.look.scripts
    assert bool(faults(person, "/throwing")) == person.look.scripts
