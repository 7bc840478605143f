"""The links "This wasn't me" in mails about changes: each undoes its change, once, for seven days.

A row remembers the address that the link was mailed to and the password of the time, sealed. It
stays until it expires, so that later links know which passwords the owner had.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from flask import current_app
from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.orm import Session

from portal.clock import now
from portal.models import Customer
from portal.models import UndoLink as Row
from portal.security.database import rows_hit
from portal.security.sealing import UNDO, digest, seal, secret_keys, unseal

Kind = Literal["password", "email", "sign_in", "twofactor"]
Writer = Connection | Session
SECONDS = 7 * 24 * 60 * 60
LONGEST_TOKEN = 128
MOST_FORMER = 3  # passwords, each of which takes a slow comparison


@dataclass(frozen=True, slots=True)
class UndoLink:
    """A link that works.

    Args:
        number: grows with each link.
        customer_id: the owner of the account.
        kind: the change that it undoes; "twofactor" is undone by the blueprint.
        email: the address that it was mailed to, which was the account's.
        made_at: the time of the change, in Unix seconds.
    """

    number: int
    customer_id: int
    kind: str
    email: str
    made_at: int


def offer(
    writer: Writer,
    kind: Kind,
    owner: tuple[int, str, str],
    *,
    token: str = "",
    chained: bool = False,
) -> str:
    """Write a link in the transaction of the change, and return its token for the mail.

    Args:
        writer: the transaction of the change.
        kind: the change.
        owner: id, e-mail address and hash of the password, each as before the change.
        token: the one of the blueprint; default a new one.
        chained: whether the change was made by somebody who knew the password of before.
    """
    token = token or secrets.token_urlsafe(32)
    number, email, password = owner
    data = json.dumps({"password": password, "chained": chained})
    at = now()
    writer.execute(
        insert(Row).values(
            token_hash=digest(token),
            customer_id=number,
            kind=kind,
            email=email,
            data=seal(current_app.config["SECRET_KEY"], UNDO, data),
            made_at=at,
            expires_at=at + SECONDS,
        )
    )
    return token


def offer_for(connection: Connection, customer_id: int, token: str) -> str:
    """Write the link of a change of the second factor; return its token, empty for nobody."""
    owner = select(Customer.id, Customer.email, Customer.password_hash)
    row = connection.execute(owner.where(Customer.id == customer_id)).first()
    return (
        "" if row is None else offer(connection, "twofactor", (row[0], row[1], row[2]), token=token)
    )


def find(writer: Writer, token: str) -> UndoLink | None:
    """Return the link with this token, or `None` if it was used or has expired."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    columns = (Row.id, Row.customer_id, Row.kind, Row.email, Row.made_at)
    usable = (Row.token_hash == digest(token), Row.used_at.is_(None), Row.expires_at > now())
    row = writer.execute(select(*columns).where(*usable)).first()
    return None if row is None else UndoLink(*row)


def use(writer: Writer, link: UndoLink) -> bool:
    """Use the link up; return False if it was used before. Of two uses at once, one succeeds."""
    mine = (Row.id == link.number, Row.used_at.is_(None), Row.expires_at > now())
    return rows_hit(writer.execute(_used().where(*mine))) == 1


def end_later(writer: Writer, link: UndoLink) -> None:
    """End the links of later changes that are undone with this one.

    Those are the later changes of password and address; of the second factor, if it is put back,
    or if somebody else has got the mail.
    """
    later = (Row.customer_id == link.customer_id, Row.id > link.number, Row.used_at.is_(None))
    ended = _used().where(*later)
    if link.kind != "twofactor":
        ended = ended.where(or_(Row.kind != "twofactor", Row.email != link.email))
    writer.execute(ended)


def former_passwords(writer: Writer, link: UndoLink) -> list[str]:
    """Return the hashes of the passwords that the maker of the change knew, newest first.

    The first one is of the time of the change. Who replaced a password by entering it knew it,
    too; one that was replaced with a mailed link only shows who reads the mailbox.
    """
    before = (Row.customer_id == link.customer_id, Row.kind == "password", Row.id < link.number)
    rows = select(Row.data).where(*before).order_by(Row.id.desc()).limit(MOST_FORMER)
    own = writer.execute(select(Row.data).where(Row.id == link.number)).scalar_one()
    hashes = [hashed for hashed in [_opened(own).get("password")] if hashed]
    for data in writer.execute(rows).scalars():
        former = _opened(data)
        if not former.get("chained"):
            break
        hashes.append(former["password"])
    return hashes[:MOST_FORMER]


def _used() -> Any:
    return update(Row).values(used_at=now()).execution_options(synchronize_session=False)


def _opened(data: str) -> dict[str, Any]:
    """Return the sealed data, empty if no key opens it."""
    text = unseal(UNDO, data, *secret_keys(current_app.config))
    found: dict[str, Any] = {} if text is None else json.loads(text)
    return found
