"""Make the link that undoes a change, in the transaction of the change."""

from typing import Any

from ...core.changes import Change
from ...core.records import UNDO, Account, Subject
from ...core.undo import Snapshot
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from ..judging import stored

# Number of open links of a user; of more, the oldest stay, as they undo the others.
MOST = 10


def change(
    kit: Kit, transaction: Transaction, subject: Subject, before: Account | None, *made: Change
) -> None:
    """Record changes with a link that undoes them; the host gets it as the facts `undo` and so on.

    Args:
        kit: the application's parts.
        transaction: the transaction of the changes, which has locked the account.
        subject: user and network address.
        before: the account as it was before, `None` if two-factor authentication was off.
        made: the changes, in the order of their signals. The first one that is more than the use
            of a recovery code is what the link says.
    """
    transaction.change(subject, *made, further=_link(kit, transaction, subject, before, *made))


def _link(
    kit: Kit, transaction: Transaction, subject: Subject, before: Account | None, *made: Change
) -> dict[str, Any]:
    seconds = kit.settings.undo_seconds
    if not seconds:
        return {}
    main = next(each for each in made if each.name != "recovery_code_used")
    secrets: dict[str, bytes] = {}
    for each in before.authenticators if before else ():
        secret = stored.sound_one(kit, each)
        if secret is not None:
            secrets[each.id] = secret
    now = kit.clock()
    snapshot = Snapshot(main.name, main.facts, int(now), before, secrets)
    token, ticket = tickets.made(kit, UNDO, subject.user_id, seconds, data=snapshot.as_data())
    transaction.add_undo(ticket, now, MOST)
    url = kit.undo_url(token)
    return {"undo": token, **({"undo_url": url} if url else {})}
