"""The rules for new passwords; every character counts."""

import ast
import inspect

import pytest
from zxcvbn import feedback

from portal.rules import passwords
from portal.rules.password_advice import SENTENCES
from portal.rules.passwords import (
    PasswordRefused,
    check_new_password,
    check_nobody,
    check_password,
    hash_password,
    needs_rehash,
)

COST = 4


@pytest.mark.parametrize(
    "password",
    [
        "plum-coffee-lantern-42",
        "pässword with ümlauts 7",
        "漢字仮名交じり文の長い合言葉",
        "      a b c d",
        "🔑 lock and 🚲 wheel",
    ],
)
def test_a_good_password_passes_and_is_recognised(password):
    check_new_password(password, ["alice", "alice@example.org"])
    stored = hash_password(password, COST)
    assert check_password(password, stored)
    assert not check_password(password + "x", stored)
    assert not check_password(password[:-1], stored)


@pytest.mark.parametrize("length", [71, 72, 73, 74, 200, 4096])
def test_every_character_counts_beyond_the_72_bytes_of_bcrypt(length):
    password = "ab" * (length // 2) + "c" * (length % 2)
    stored = hash_password(password, COST)
    assert check_password(password, stored)
    assert not check_password(password[:-1] + "X", stored)
    assert not check_password(password[:-1], stored)
    assert not check_password(password + "c", stored)


def test_bytes_count_and_not_characters():
    stored = hash_password("ü" * 40, COST)
    assert not check_password("ü" * 39 + "ä", stored)
    assert not check_password("ü" * 36, stored)


def test_nul_does_not_end_a_password():
    stored = hash_password("before\0after-the-nul", COST)
    assert check_password("before\0after-the-nul", stored)
    assert not check_password("before\0another-tail", stored)
    assert not check_password("before", stored)


def test_composed_and_decomposed_letters_are_the_same_password():
    assert check_password("zoe\u0308-and-the-sea", hash_password("zo\u00eb-and-the-sea", COST))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 12"),
        ("short-one", "at least 12"),
        ("hallo12345", "at least 12"),
        ("\u0061\u0308" * 11, "at least 12"),  # eleven letters, though twenty-two code points
        ("x" * 513, "at most 512"),
        ("a" + "\u0300" * 31 + "plum-coffee", "accents"),
        ("123456789012", "many people use"),
        ("Password123!", "many people use"),
        ("P@ssw0rd1234", "many people use"),
        ("zaq12wsxcde3", "many people use"),
        ("QWERTYUIOPAS", "many people use"),
        ("aaaaaaaaaaaa", "Repeats like"),
        ("abcabcabcabcabc", "Repeats like"),
        ("098765432109", "many people use"),
        ("Summer-2025!", "A single word"),
        ("!!Summer-2025!!", "A single word"),
        ("P@ssw0rd-2025!!", "A single word"),
        ("letmein2024!!", "easy to guess"),
        ("Alice-2024-!!", "Don't use your name"),
        ("alice.alice.alice", "Repeats like"),
        ("wonder.land@example.org", "Don't use your name"),
        ("PortalCustomer1", "Don't use your name"),
    ],
)
def test_a_weak_password_is_refused_with_a_reason(password, why):
    """F-86: passwords that are easy to guess are refused, with advice for a better one."""
    words = ["alice", "wonder.land", "wonder.land@example.org", "Customer Portal"]
    with pytest.raises(PasswordRefused, match=why):
        check_new_password(password, words)


def test_the_least_length_can_be_set():
    with pytest.raises(PasswordRefused, match="at least 15"):
        check_new_password("plum-lantern42", shortest=15)
    check_new_password("plum-lantern42")


def test_everything_that_zxcvbn_says_is_said_in_our_words():
    source = inspect.getsource(feedback)
    said = {
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
    }
    assert {each.rstrip(".") for each in said} == set(SENTENCES)


def test_a_name_inside_a_longer_password_is_no_reason_to_refuse():
    check_new_password("alice rides the night train", ["alice"])


def test_the_words_of_one_person_are_not_those_of_the_next():
    with pytest.raises(PasswordRefused, match="Don't use your name"):
        check_new_password("Xyqwopf-2024!!", ["xyqwopf"])
    check_new_password("Xyqwopf-2024!!", ["bob"])


@pytest.mark.parametrize(
    "password",
    ["a" * 4097, "a" + "\u0300" * 31, "a" + "\u0300" * 20_000 + "\u0327" * 20_000, "\u0f73" * 16],
    ids=["long", "marks", "both", "hidden marks"],
)
def test_too_long_a_password_is_wrong_without_being_hashed(monkeypatch, password):
    """F-01: neither normalised nor given to bcrypt; U+0F73 is no mark, but consists of two."""
    stored = hash_password("plum-coffee-lantern-42", COST)
    assert not check_nobody("", COST)  # makes the hash that unknown users' passwords are tried on
    monkeypatch.setattr(passwords, "_prepared", None)
    assert not check_password(password, stored)
    assert not check_nobody(password, COST)


def test_a_long_password_of_old_is_still_good():
    """F-01: new ones have 512 characters at most; longer ones may exist."""
    old = "ab" * 2048
    assert check_password(old, hash_password(old, COST))


def test_another_cost_asks_for_a_new_hash():
    stored = hash_password("plum-coffee-lantern-42", COST)
    assert not needs_rehash(stored, COST)
    assert needs_rehash(stored, COST + 1)


def test_no_password_fits_the_hash_for_unknown_users():
    assert check_nobody("nobody has this password", COST) is False


@pytest.mark.parametrize("stored", ["", "*", "$2b$04$short", "plain"])
def test_a_broken_hash_fits_nothing(stored):
    assert not check_password("", stored)
    assert not check_password("plum-coffee-lantern-42", stored)
