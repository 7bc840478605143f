"""The throttle's exact numbers; no history of attempts lets more through."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.twofactor.core.throttle import (
    CODES,
    DAY,
    NO_ATTEMPTS,
    RECOVERY,
    Figures,
    aged,
    counted,
    held_until,
    wait_after,
)


def test_five_are_free_then_the_wait_doubles_to_an_hour():
    """C-39, A-11"""
    waits = [wait_after(CODES, run) for run in range(1, 16)]
    minutes = [60 * n for n in (1, 2, 4, 8, 16, 32, 60, 60, 60, 60)]
    assert waits == [0, 0, 0, 0, 30, *minutes]
    assert wait_after(CODES, 10_000) == 3600


def fail(figures, now, schedule=CODES):
    assert held_until(schedule, figures, now) is None
    return counted(schedule, figures, now)


def test_the_sixth_waits_thirty_seconds_and_not_one_less():
    figures = Figures()
    for _ in range(5):
        figures = fail(figures, 1000)
    assert held_until(CODES, figures, 1000) == 1030
    assert held_until(CODES, figures, 1029.9) == 1030
    assert held_until(CODES, figures, 1030) is None


def test_ten_in_a_day_hold_until_the_first_of_them_is_a_day_old():
    """C-40: a success clears the run, not the budget."""
    figures = Figures()
    for hour in range(10):
        figures = fail(Figures(0, figures.recent), hour * 3600)
    assert held_until(CODES, Figures(0, figures.recent), 9 * 3600) == DAY


def test_fifty_in_thirty_days():
    figures, now = Figures(), 0.0
    for _ in range(50):
        figures = fail(Figures(0, figures.recent), now)
        now = held_until(CODES, Figures(0, figures.recent), now) or now + DAY / 9.5
    assert held_until(CODES, Figures(0, figures.recent), 29 * DAY) == 30 * DAY


def test_a_hundred_in_a_row_lock():
    """C-38, A-23"""
    assert held_until(CODES, Figures(99, ()), 0) is None
    assert held_until(CODES, Figures(100, ()), 10**12) == math.inf


def test_recovery_codes_have_their_own_allowance():
    """C-50"""
    figures = Figures()
    for _ in range(5):
        figures = fail(figures, 0, RECOVERY)
    assert held_until(RECOVERY, figures, 0) == 900
    for quarter in range(1, 4):
        for _ in range(5):
            figures = fail(figures, quarter * 900, RECOVERY)
    assert held_until(RECOVERY, figures, 4 * 900) == DAY


def test_a_clock_set_back_holds_longer_never_shorter():
    figures = counted(CODES, Figures(9, (5000,) * 9), 5000)
    assert held_until(CODES, figures, 10) == 5000 + DAY
    assert counted(CODES, figures, 10).recent[-1] == 5000


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 40), st.floats(0, 4000), st.floats(0, 3 * DAY)),
            st.booleans(),
        ),
        max_size=250,
    )
)
def test_no_history_lets_more_through(history):
    """Random waits between random attempts, with successes that clear the run."""
    figures, now, judged = Figures(), 1_000_000.0, []
    for pause, success in history:
        now += pause
        if held_until(CODES, figures, now) is not None:
            continue
        if success:
            figures = Figures(0, figures.recent)
            continue
        before = figures
        figures = counted(CODES, figures, now)
        judged.append(now)
        assert before.run < 100
        if before.run >= 5:
            assert now - judged[-2] >= min(30 * 2 ** (before.run - 5), 3600)
    for first, tenth in zip(judged, judged[10:], strict=False):
        assert tenth - first >= DAY
    for first, fiftieth in zip(judged, judged[50:], strict=False):
        assert fiftieth - first >= 30 * DAY


@dataclass
class Account:
    """One user's figures, for strangers and for the owner's known browser."""

    codes: Figures = NO_ATTEMPTS
    known: Figures = NO_ATTEMPTS

    def wrong(self, now, *, known):
        """Enter a wrong code; return whether it was judged."""
        figures = self.known if known else self.codes
        if held_until(CODES, figures, now) is not None:
            return False
        figures = counted(CODES, figures, now)
        if known:
            self.known = figures
        else:
            self.codes = figures
        return True

    def right(self, now, *, known):
        """Enter a right code, which ends both runs."""
        if held_until(CODES, self.known if known else self.codes, now) is not None:
            return False
        self.codes = Figures(0, self.codes.recent)
        self.known = Figures(0, self.known.recent)
        return True

    def new_password(self, now):
        self.codes, self.known = aged(self.codes, now), aged(self.known, now)


PAUSES = st.one_of(st.floats(0, 40), st.floats(0, 4000), st.floats(0, 3 * DAY))
DEEDS = st.sampled_from(["wrong", "wrong", "wrong", "right", "password"])


@settings(max_examples=300)
@given(st.lists(st.tuples(PAUSES, DEEDS, st.booleans()), max_size=250))
def test_no_history_of_strangers_and_known_browsers_lets_more_through(history):
    """F-12: each side has its own ten in a day and fifty in thirty, whatever the other does; a new
    password gives back the day, and no guess of the month.
    """
    account, now = Account(), 1_000_000.0
    judged, passwords = {False: [], True: []}, []
    for pause, deed, known in history:
        now += pause
        if deed == "password":
            account.new_password(now)
            passwords.append(now)
            assert held_until(CODES, Figures(0, account.codes.recent[-49:]), now) is None
        elif deed == "right":
            account.right(now, known=known)
        elif account.wrong(now, known=known):
            judged[known].append(now)
    for times in judged.values():
        for first, eleventh in zip(times, times[10:], strict=False):
            renewed = any(first <= at <= eleventh for at in passwords)
            assert renewed or eleventh - first >= DAY
        for first, fifty_first in zip(times, times[50:], strict=False):
            # Seconds are rounded up; a new password makes an attempt at most a day older.
            assert fifty_first - first >= 29 * DAY - 1


@given(st.lists(PAUSES, max_size=200))
def test_strangers_never_hold_the_known_browser(pauses):
    """F-12: whatever strangers enter and when, the owner's right code is judged."""
    account, now = Account(), 1_000_000.0
    for pause in pauses:
        now += pause
        account.wrong(now, known=False)
        assert held_until(CODES, account.known, now) is None
        assert account.right(now, known=True)


@pytest.mark.parametrize("passwords", [False, True], ids=["same password", "ever new ones"])
def test_without_the_cookie_it_stays_650_a_year(passwords):
    """F-12: the owner's successes clear the run each time; a known browser and even new passwords,
    one after each guess, add nothing for somebody without the cookie.
    """
    account, now, guesses = Account(), 0.0, 0
    while now < 365 * DAY:
        if passwords:
            account.new_password(now)
        account.right(now, known=True)
        until = held_until(CODES, account.codes, now)
        if until is None:
            assert account.wrong(now, known=False)
            guesses += 1
        else:
            now = until
    assert guesses == 650
    assert 1 - (1 - 3e-6) ** guesses < 0.002


@pytest.mark.parametrize("days", [365])
def test_a_tireless_guesser_gets_650_guesses_a_year_at_most(days):
    """The yearly success probability is computed from this number."""
    figures, now, guesses = Figures(), 0.0, 0
    while now < days * DAY:
        until = held_until(CODES, Figures(0, figures.recent), now)
        if until is None:
            figures = counted(CODES, Figures(0, figures.recent), now)
            guesses += 1
        else:
            now = until
    assert guesses == 650
    assert 1 - (1 - 3e-6) ** guesses < 0.002
