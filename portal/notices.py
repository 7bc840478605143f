"""What the owner of an account is told by mail: what happened, when, and what to do about it.

A notice holds no secret and no link that does something; it is sent after the deed is done.
"""

from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from portal import mail
from portal.extensions import db, twofactor
from portal.formats import moment, now
from portal.models import Customer
from portal.twofactor import signals

ALARM_AFTER = 5


def init_app(app: Flask) -> None:
    """Follow what happens in two-factor authentication."""
    for signal, notice in (
        (signals.activated, activated),
        (signals.deactivated, deactivated),
        (signals.areas_changed, areas_changed),
        (signals.recovery_code_replaced, recovery_code_replaced),
        (signals.challenge_failed, challenge_failed),
        (signals.held, held),
        (signals.reset, reset),
        (signals.unlocked, unlocked),
    ):
        signal.connect(notice, sender=app)


def activated(_app: Flask, user_id: str, areas: Any = (), **_: Any) -> None:
    """Two-factor authentication was switched on."""
    _tell(
        user_id,
        "Two-factor authentication is on",
        "Two-factor authentication was switched on for your account.\n"
        f"A code from your phone is now asked for here: {_labels(areas)}.\n"
        "All other sessions were signed out. Keep the recovery code in a safe place.",
    )


def deactivated(_app: Flask, user_id: str, by: str = "", **_: Any) -> None:
    """Two-factor authentication was switched off; the operator's reset has its own words."""
    off = (
        "From now on the password alone protects it. The entry in the app on your phone and the "
        "recovery code are void."
    )
    if by == "recovery":
        _tell(
            user_id,
            "Your recovery code was used: two-factor authentication is off",
            "The recovery code of your account was used. It can't be used again, and it has "
            f"switched off two-factor authentication for your account.\n{off}",
        )
    elif by != "operator":
        _tell(
            user_id,
            "Two-factor authentication is off",
            f"Two-factor authentication was switched off for your account.\n{off}",
        )


def areas_changed(_app: Flask, user_id: str, added: Any = (), removed: Any = (), **_: Any) -> None:
    """A code is asked in other places than before."""
    lines = ["You have changed where a code is asked for."]
    if added:
        lines.append(f"A code is now asked for here too: {_labels(added)}.")
    if removed:
        lines.append(f"A code is no longer asked for here: {_labels(removed)}.")
    _tell(user_id, "Your two-factor settings were changed", "\n".join(lines))


def recovery_code_replaced(_app: Flask, user_id: str, **_: Any) -> None:
    """There is another recovery code."""
    _tell(
        user_id,
        "You have a new recovery code",
        "A new recovery code was made for your account. The old one is void.",
    )


def challenge_failed(_app: Flask, user_id: str, run: int = 0, **_: Any) -> None:
    """Somebody typed wrong codes; told once, at the fifth in a row."""
    if run == ALARM_AFTER:
        _tell(
            user_id,
            "Wrong codes for your account",
            f"{ALARM_AFTER} wrong codes in a row were entered for your account. Whoever did this "
            "has to wait longer and longer now.\nTo be asked for a code at sign-in, one has to "
            "know the password.",
        )


def held(_app: Flask, user_id: str, locked: bool = False, **_: Any) -> None:
    """Codes are locked; a mere wait is not told."""
    if locked:
        _tell(
            user_id,
            "Codes are locked for your account",
            "After very many wrong codes in a row no code is accepted for your account any more. "
            "Two-factor authentication stays on.\nYour recovery code still works; without it, "
            "ask us to unlock the account.",
        )


def reset(_app: Flask, user_id: str, **_: Any) -> None:
    """The operator has switched two-factor authentication off."""
    _tell(
        user_id,
        "Two-factor authentication was reset",
        "Our staff has switched off two-factor authentication for your account.\n"
        "From now on the password alone protects it. You can switch it on again in the security "
        "section.",
    )


def unlocked(_app: Flask, user_id: str, **_: Any) -> None:
    """The operator lets codes be tried again."""
    _tell(
        user_id,
        "Codes were unlocked for your account",
        "Our staff has ended the wait after wrong codes for your account. Two-factor "
        "authentication stays on.",
    )


def password_changed(customer: Customer) -> None:
    """There is another password."""
    _send(
        customer.email,
        customer.display_name,
        "Your password was changed",
        "The password of your account was changed. All other sessions were signed out.",
    )


def email_changed(customer: Customer, old: str, new: str) -> None:
    """There is another address: the old one is told too, as its owner may be the one who knows."""
    text = f"The e-mail address of your account was changed.\nOld: {old}\nNew: {new}"
    for address in (old, new):
        _send(address, customer.display_name, "Your e-mail address was changed", text)


def account_closed(email: str, name: str) -> None:
    """The account is gone."""
    _send(
        email,
        name,
        "Your account was closed",
        "Your account was closed. Your profile and your invoices were removed from the portal.",
    )


def reset_requested(email: str, name: str, link: str, decoy: bool) -> None:
    """The link that replaces a forgotten password: the one mail with a link that does something."""
    minutes = current_app.config["RESET_SECONDS"] // 60
    text = (
        f"Hello {name},\n\nsomebody, probably you, asked to replace a forgotten password. "
        f"Open this link within {minutes} minutes to choose a new one; it works once:\n\n{link}\n\n"
        "If it was not you, you need not do anything: your password stays as it is."
    )
    mail.post(email, "Replace your password", text, decoy=decoy)


def _tell(user_id: str, subject: str, text: str) -> None:
    """On a session of its own, so that what the request has pending stays pending."""
    with Session(db.engine) as session:
        customer = session.get(Customer, int(user_id))
        if customer is None:
            return
        email, name = customer.email, customer.display_name
    _send(email, name, subject, text)


def _send(email: str, name: str, subject: str, text: str) -> None:
    mail.post(
        email,
        subject,
        f"Hello {name},\n\n{text}\n\nWhen: {moment(now())}\n\n"
        "If it was not you: open the portal by typing its address, choose a new password under "
        "Security, and look at your sessions there. If you can't sign in any more, write to us.",
    )


def _labels(keys: Any) -> str:
    labels = {area.key: area.label for area in twofactor.areas}
    return ", ".join(label for key, label in labels.items() if key in set(keys))
