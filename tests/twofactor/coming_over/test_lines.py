"""The lines of an import: what is read, what is refused, and that any bytes are one of the two."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core.importing import ImportRefused
from portal.twofactor.service.operator import import_lines
from portal.twofactor.service.operator.import_lines import LONGEST_LINE

pytestmark = pytest.mark.thorough

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LINE = {"user": "ada", "secret": SECRET}
DEVICE = {
    "user": 7,
    "name": "default",
    "confirmed": True,
    "key": "31" * 20,
    "step": 30,
    "t0": 0,
    "digits": 6,
    "tolerance": 1,
    "drift": 0,
    "last_t": 60_000_000,
}


def read(found, form="lines"):
    text = found if isinstance(found, bytes) else json.dumps(found).encode()
    return import_lines.read(text, form)


def device(**fields):
    return {"model": "otp_totp.totpdevice", "pk": 1, "fields": {**DEVICE, **fields}}


def test_a_line_with_all_fields():
    more = {"name": "My  phone\n", "areas": ["note"], "last_step": 60_000_000, "digits": 6}
    found = read({**LINE, **more, "algorithm": "sha1", "period": 30, "encoding": "base32"})
    assert found.user == "ada"
    assert found.secret == b"12345678901234567890"
    assert found.name == "My phone"
    assert found.areas == {"note"}
    assert found.last_step == 60_000_000
    assert "1234567890" not in repr(found)
    assert SECRET not in repr(found)


def test_what_is_left_out_has_a_default():
    for line in (LINE, dict.fromkeys(("name", "areas", "last_step", "digits")) | LINE):
        found = read(line | {"name": ""})
        assert (found.name, found.areas, found.last_step) == ("", None, 0)
    assert read(b"\xef\xbb\xbf" + json.dumps(LINE).encode()) == read(LINE)
    assert read({**LINE, "name": "x" * 64}).name == "x" * 39 + "…"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ([LINE], "line"),
        (b"", "line"),
        (b"{", "line"),
        (b"\xff\xfe{}", "line"),
        (b'{"user": "ada", "user": "eve", "secret": "x"}', "line"),
        (b"[" * LONGEST_LINE, "line"),
        (b'{"user": ' + b"9" * 8000 + b"}", "line"),
        ({**LINE, "laststep": 5}, "field"),
        ({"secret": SECRET}, "user"),
        ({**LINE, "user": 7}, "user"),
        ({**LINE, "user": "a\0"}, "user"),
        ({**LINE, "user": "\ud800"}, "user"),
        ({**LINE, "user": "x" * 256}, "user"),
        ({"user": "ada"}, "secret"),
        ({**LINE, "secret": None}, "secret"),
        ({**LINE, "secret": "12"}, "secret"),
        ({**LINE, "encoding": "base64"}, "encoding"),
        ({**LINE, "encoding": ["hex"]}, "encoding"),
        ({**LINE, "algorithm": "SHA256"}, "algorithm"),
        ({**LINE, "algorithm": 1}, "algorithm"),
        ({**LINE, "digits": 8}, "digits"),
        ({**LINE, "digits": True}, "digits"),
        ({**LINE, "period": 30.5}, "period"),
        ({**LINE, "name": 5}, "name"),
        ({**LINE, "areas": "note"}, "areas"),
        ({**LINE, "areas": [["note"]]}, "areas"),
        ({**LINE, "areas": ["a"] * 501}, "areas"),
        ({**LINE, "last_step": -1}, "last_step"),
        ({**LINE, "last_step": "60000000"}, "last_step"),
        ({**LINE, "last_step": True}, "last_step"),
        ({**LINE, "last_step": 1e9}, "last_step"),
    ],
)
def test_a_line_is_refused_with_its_reason(line, reason):
    with pytest.raises(ImportRefused) as caught:
        read(line)
    assert caught.value.reason == reason
    assert SECRET not in str(caught.value)


def test_a_device_of_django_otp():
    found = read(device(), "django-otp")
    assert (found.user, found.secret, found.name) == ("7", b"1" * 20, "default")
    assert (found.last_step, found.areas) == (60_000_000, None)
    assert read(device(user=["ada"]), "django-otp").user == "ada"
    assert read(device(last_t=-1), "django-otp").last_step == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"confirmed": False}, "unconfirmed"),
        ({"digits": 8}, "digits"),
        ({"step": 60}, "period"),
        ({"t0": 5}, "period"),
        ({"t0": False}, "period"),
        ({"key": "zz"}, "secret"),
        ({"user": None}, "user"),
        ({"user": True}, "user"),
        ({"user": ["a", "b"]}, "user"),
        ({"last_t": -2}, "last_t"),
        ({"drift": "1"}, "drift"),
        ({"drift": 10**4299}, "drift"),
    ],
)
def test_a_device_of_django_otp_is_refused(fields, reason):
    with pytest.raises(ImportRefused) as caught:
        read(device(**fields), "django-otp")
    assert caught.value.reason == reason
    with pytest.raises(ImportRefused):
        read(LINE, "django-otp")
    with pytest.raises(ImportRefused):
        read({"model": "otp_static.staticdevice", "pk": 1, "fields": {}}, "django-otp")


def test_a_long_line_is_one_line_and_is_not_held():
    text = b"a" * LONGEST_LINE + b"\n" + b"b" * (3 * LONGEST_LINE) + b"\n\nc"
    found = list(import_lines.lines_of(io.BytesIO(text)))
    # The first one is too long with its end.
    assert [line for line, _ in found] == [None, None, b"\n", b"c"]
    assert sum(size for _, size in found) == len(text)
    with pytest.raises(ImportRefused):
        import_lines.read(None, "lines")


@given(st.binary(max_size=200).map(lambda text: text.replace(b"a", b"\n")))
def test_no_byte_is_lost_or_read_twice(text):
    found = list(import_lines.lines_of(io.BytesIO(text)))
    assert b"".join(line for line, _ in found) == text
    assert len(found) == len(text.splitlines(keepends=True)) or b"\r" in text or b"\x0b" in text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "user": st.just("ada") | values,
        "secret": st.just(SECRET) | values,
        "encoding": st.sampled_from(["hex", "base32"]) | values,
        **dict.fromkeys(("name", "areas", "last_step", "algorithm", "digits", "period"), values),
        **dict.fromkeys(("model", "fields"), values),
    },
)


@given(st.binary(max_size=100) | (fields | values).map(lambda x: json.dumps(x).encode()))
def test_any_line_is_read_or_refused(line):
    for form in import_lines.FORMS:
        try:
            found = import_lines.read(line, form)
        except ImportRefused:
            continue
        found.user.encode()
        assert found.last_step >= 0
        assert len(found.name) <= 40
