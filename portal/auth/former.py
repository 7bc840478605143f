"""Former passwords: after some undone changes, the mailbox is too little for a new password.

An undone change that lowers protection could let somebody in who only reads the mailbox: the second
factor is off again, or a stolen phone works again. So a mailed link then asks for a password that
the maker of the change knew, until a new password is chosen.
"""

import json

from flask import current_app

from portal.account import password_attempts
from portal.models import Customer
from portal.rules.passwords import check_password
from portal.rules.refusal import later
from portal.security import network_throttle
from portal.security.sealing import UNDO, seal, secret_keys, unseal

WRONG = later(
    "That isn't the password you had before this change. Enter it again, or contact us if you've "
    "forgotten it."
)


def sealed(hashes: list[str]) -> str:
    """Return the hashes for `Customer.reset_proof`; with an empty list no password is right."""
    return seal(current_app.config["SECRET_KEY"], UNDO, json.dumps(hashes))


def verify(customer: Customer, password: str) -> bool:
    """Return whether this is one of the former passwords that a reset asks for.

    Wrong ones are counted for the customer, before the check, and for the network address.

    Raises:
        PasswordHeld: too many were wrong; this one was not checked.
    """
    counted = password_attempts.key("former", customer.id)
    text = unseal(UNDO, customer.reset_proof or "", *secret_keys(current_app.config))
    password_attempts.count(counted)
    # Each is compared, so that the time does not tell which one was right.
    results = [check_password(password, each) for each in json.loads(text or "[]")]
    if any(results):
        password_attempts.clear(counted)
        return True
    network_throttle.note()
    return False
