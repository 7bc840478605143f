"""What a good password is, and that every character of it counts."""

import pytest

from portal.passwords import (
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
        "🔑" * 5 + "lock" * 2,
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
        ("", "at least 10"),
        ("short-one", "at least 10"),
        ("\u0061\u0308" * 9, "at least 10"),  # nine letters, though eighteen code points
        ("x" * 4097, "at most 4096"),
        ("1234567890", "common"),
        ("Password123!", "common"),
        ("QWERTYUIOP", "common"),
        ("letmein2024!!", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("abcabcabcabcabc", "common"),
        ("0987654321", "common"),
        ("Alice-2024-!!", "your name"),
        ("alice.alice.alice", "your name"),
        ("wonder.land@example.org", "your name"),
        ("PortalCustomer1", "your name"),
    ],
)
def test_a_weak_password_is_refused_with_a_reason(password, why):
    words = ["alice", "wonder.land", "wonder.land@example.org", "Customer Portal"]
    with pytest.raises(PasswordRefused, match=why):
        check_new_password(password, words)


def test_a_name_inside_a_longer_password_is_no_reason_to_refuse():
    check_new_password("alice rides the night train", ["alice"])


def test_another_cost_asks_for_a_new_hash():
    stored = hash_password("plum-coffee-lantern-42", COST)
    assert not needs_rehash(stored, COST)
    assert needs_rehash(stored, COST + 1)


def test_nobody_has_the_password_of_nobody():
    assert check_nobody("nobody has this password", COST) is False


@pytest.mark.parametrize("stored", ["", "*", "$2b$04$short", "plain"])
def test_a_broken_hash_fits_nothing(stored):
    assert not check_password("", stored)
    assert not check_password("plum-coffee-lantern-42", stored)
