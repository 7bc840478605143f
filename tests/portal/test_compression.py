"""What goes compressed, and what never does."""

import gzip
from pathlib import Path

import pytest

import portal

GZIP = {"Accept-Encoding": "gzip"}
FILES = {
    "/static/portal.css": "static/portal.css",
    "/static/favicon.svg": "static/favicon.svg",
    "/security/two-factor/static/twofactor.css": "twofactor/static/twofactor.css",
    "/security/two-factor/static/twofactor.js": "twofactor/static/twofactor.js",
}


@pytest.mark.parametrize(("path", "file"), FILES.items())
def test_a_static_file_is_smaller_and_the_same(client, path, file):
    text = (Path(portal.__file__).parent / file).read_bytes()
    with client.get(path, headers=GZIP) as packed, client.get(path) as plain:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(text)
        assert gzip.decompress(packed.data) == text
        assert "Content-Encoding" not in plain.headers
        assert plain.data == text
        for response in (packed, plain):
            assert response.headers["Vary"] == "Accept-Encoding"


def test_it_is_asked_for_again_without_being_sent_again(client):
    with client.get("/static/portal.css", headers=GZIP) as first:
        seen = {**GZIP, "If-None-Match": first.headers["ETag"]}
    with client.get("/static/portal.css", headers=seen) as again:
        assert again.status_code == 304
        assert again.data == b""


def test_no_page_is_compressed(signed_in):
    """What stands in it beside a secret may come from somebody else."""
    for path in ("/", "/security/", "/security/two-factor/activate"):
        assert "Content-Encoding" not in signed_in.get(path, headers=GZIP).headers
