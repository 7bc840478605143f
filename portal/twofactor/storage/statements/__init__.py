"""Statements of frequent requests, built once for an application.

Building a statement costs more than running it (`docs/performance.md`). Rare statements
(operators' commands, changes of the areas) are built in the functions that use them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Delete,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete

from ...core.records import EXECUTED, KNOWN, UNDO
from ..rows import whole_account
from ..tables import Tables
from . import of_accounts, of_tickets


@dataclass(frozen=True, slots=True, repr=False)
class Statements:
    """The built statements. Each is listed with its parameters; an INSERT takes column names.

    Args:
        glance: `user`.
        glance_with_ticket: `user`, `digest`, `kind`, `area`, `now`.
        glance_carried: the same, and `carried`.
        kinds: `user`.
        account: `user`.
        account_locked: `user`.
        account_of_credential: `credential`; locks.
        account_counted: `user`, `kind`; locks, and has the number of tickets of that kind.
        account_asked: `user`, `known`, `now`; locks.
        account_beside: the same without a lock, and with the time of the recovery code.
        lock: `user`; locks the account.
        events: `user`, `most`.
        tickets: `user`, `kind`, `now`.
        ticket: `digest`, `kind`, `now`.
        waiting: `digest`, `kind`, `now`.
        pending: `digest`, `kind`, `known`, `now`.
        take_step: `authenticator`, `step`, `now`, `counted`, `known`.
        take_counter: the same, and `flags`.
        count_failure: `user`, `before`, `after`, `times`.
        count_known: `user`, `before`, `after`, `times`.
        add_account: the columns.
        add_authenticator: the columns.
        drop_account: `user`.
        drop_authenticators: `user`.
        drop_tickets: `user`, `spare`, `known`.
        add_ticket: the columns.
        add_ticket_once: the columns but `sealed`, with `new_` before each.
        take_ticket: `digest`, `kind`, `user`, `area`, `now`.
        take_challenge: `digest`, `kind`, `now`.
        ticket_to_take: as `take_ticket`; locks.
        challenge_to_take: as `take_challenge`; locks. For databases without RETURNING.
        drop_taken: `digest`, `kind`.
        drop_challenges: `user`, `kind`, `now`, `most`, `left`.
        drop_latest: the same.
        drop_expired: `now`, `most`.
        drop_unfinished: `user`, `kind`, `now`, `most`.
        add_event: the columns.
    """

    glance: Select[Any]
    glance_with_ticket: Select[Any]
    glance_carried: Select[Any]
    kinds: Select[int, int]
    account: Select[Any]
    account_locked: Select[Any]
    account_of_credential: Select[Any]
    account_counted: Select[Any]
    account_asked: Select[Any]
    account_beside: Select[Any]
    lock: Select[Any]
    events: CompoundSelect[Any]
    tickets: Select[Any]
    ticket: Select[Any]
    waiting: Select[Any]
    pending: Select[Any]
    take_step: Update
    take_counter: Update
    count_failure: Update
    count_known: Update
    add_account: Insert
    add_authenticator: Insert
    drop_account: Delete
    drop_authenticators: Delete
    drop_tickets: Delete
    add_ticket: Insert
    add_ticket_once: Insert
    take_ticket: ReturningDelete[Any]
    take_challenge: ReturningDelete[Any]
    ticket_to_take: Select[Any]
    challenge_to_take: Select[Any]
    drop_taken: Delete
    drop_challenges: Delete
    drop_latest: Delete
    drop_expired: Delete
    drop_unfinished: Delete
    add_event: Insert


def prepare(tables: Tables) -> Statements:
    """Build the statements for the tables."""
    account, authenticator, ticket = tables.account, tables.authenticator, tables.ticket
    user: BindParameter[str] = bindparam("user")
    of_user = account.c.user_id == user
    whole = whole_account(tables).where(of_user)
    kinds = select(func.count(), func.count(authenticator.c.credential))
    used = select(func.min(authenticator.c.last_step)).correlate(account)
    used = used.where(
        authenticator.c.user_id == account.c.user_id, authenticator.c.credential.is_(None)
    )
    glance = select(account.c.areas, used.scalar_subquery()).where(of_user)
    of_session = and_(
        of_tickets.good(ticket),
        ticket.c.user_id == account.c.user_id,
        ticket.c.area == bindparam("area"),
    )
    with_ticket = account.outerjoin(ticket, of_session)
    wanted = and_(
        of_tickets.good(ticket), ticket.c.user_id == user, ticket.c.area == bindparam("area")
    )
    executed = ticket.alias("executed")
    of_form = and_(executed.c.digest == bindparam("carried"), executed.c.kind == EXECUTED)
    return Statements(
        glance=glance,
        glance_with_ticket=glance.add_columns(
            ticket.c.digest, account.c.recovery_hash.is_(None)
        ).select_from(with_ticket),
        glance_carried=glance.add_columns(
            ticket.c.digest, select(executed.c.area).where(of_form).scalar_subquery()
        ).select_from(with_ticket),
        kinds=kinds.where(authenticator.c.user_id == user),
        account=whole,
        account_locked=whole.with_for_update(of=account),
        account_of_credential=of_accounts.of_credential(tables).with_for_update(of=account),
        account_counted=whole.add_columns(
            of_tickets.counted(ticket, account).label("tickets")
        ).with_for_update(of=account),
        account_asked=of_accounts.with_browser(tables, whole).with_for_update(of=account),
        account_beside=of_accounts.with_recovery(tables, of_accounts.with_browser(tables, whole)),
        lock=select(account.c.user_id).where(of_user).with_for_update(),
        events=of_accounts.events_of(tables.event),
        tickets=of_tickets.tickets_of(ticket),
        ticket=select(ticket).where(of_tickets.good(ticket)),
        waiting=of_accounts.waiting(tables),
        # The lock includes the ticket. Otherwise a request that waited for the account would see a
        # ticket that was used up meanwhile.
        pending=of_accounts.with_browser(tables, of_accounts.waiting(tables)).with_for_update(
            of=(account, ticket)
        ),
        take_step=of_accounts.take_step(authenticator),
        take_counter=of_accounts.take_counter(authenticator),
        count_failure=update(account)
        .where(of_user, account.c.failures == bindparam("before"))
        .values(failures=bindparam("after"), failures_recent=bindparam("times")),
        count_known=update(account)
        .where(of_user, account.c.known_failures == bindparam("before"))
        .values(known_failures=bindparam("after"), known_recent=bindparam("times")),
        add_account=insert(account),
        add_authenticator=insert(authenticator),
        drop_account=delete(account).where(of_user),
        drop_authenticators=delete(authenticator).where(authenticator.c.user_id == user),
        drop_tickets=delete(ticket).where(
            ticket.c.user_id == user,
            ticket.c.kind.not_in([EXECUTED, UNDO, bindparam("spare")]),
            or_(ticket.c.kind != KNOWN, ticket.c.digest != bindparam("known")),
        ),
        add_ticket=insert(ticket),
        add_ticket_once=of_tickets.add_once(ticket),
        take_ticket=delete(ticket).where(wanted).returning(*ticket.c),
        take_challenge=delete(ticket).where(of_tickets.good(ticket)).returning(*ticket.c),
        ticket_to_take=select(ticket).where(wanted).with_for_update(),
        challenge_to_take=select(ticket).where(of_tickets.good(ticket)).with_for_update(),
        drop_taken=delete(ticket).where(
            ticket.c.digest == bindparam("digest"), ticket.c.kind == bindparam("kind")
        ),
        drop_challenges=of_tickets.drop_challenges(ticket),
        drop_latest=of_tickets.drop_latest(ticket),
        drop_expired=delete(ticket).where(
            ticket.c.digest.in_(of_tickets.listed(of_tickets.expired(ticket)))
        ),
        drop_unfinished=of_tickets.drop_unfinished(ticket),
        add_event=insert(tables.event),
    )
