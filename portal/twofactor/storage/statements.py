"""Statements of frequent requests, built once for an application.

Building a statement costs more than running it; `docs/performance.md` has the figures. Rare
statements (operators' commands, changes of the areas) are built in the functions that use them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Delete,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete

from ..core.records import ATTEMPTS, EXECUTED, KNOWN, MADE_RECOVERY_CODE
from .rows import whole_account
from .tables import Tables


@dataclass(frozen=True, slots=True, repr=False)
class Statements:
    """The built statements. Each is listed with its parameters; an INSERT takes column names.

    Args:
        glance: `user`.
        glance_with_ticket: `user`, `digest`, `kind`, `area`, `now`.
        glance_carried: the same, and `carried`.
        account: `user`.
        account_locked: `user`.
        account_asked: `user`, `known`, `now`; locks.
        account_beside: the same without a lock, and with the time of the recovery code.
        recovery_locked: `user`.
        events: `user`, `most`.
        tickets: `user`, `kind`, `now`.
        ticket: `digest`, `kind`, `now`.
        waiting: `digest`, `kind`, `now`.
        pending: `digest`, `kind`, `known`, `now`.
        take_step: `authenticator`, `step`, `now`, `counted`, `known`.
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
        drop_expired: `now`, `most`.
        drop_unfinished: `user`, `kind`, `now`, `most`.
        add_event: the columns.
    """

    glance: Select[Any]
    glance_with_ticket: Select[Any]
    glance_carried: Select[Any]
    account: Select[Any]
    account_locked: Select[Any]
    account_asked: Select[Any]
    account_beside: Select[Any]
    recovery_locked: Select[Any]
    events: CompoundSelect[Any]
    tickets: Select[Any]
    ticket: Select[Any]
    waiting: Select[Any]
    pending: Select[Any]
    take_step: Update
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
    drop_expired: Delete
    drop_unfinished: Delete
    add_event: Insert


def prepare(tables: Tables) -> Statements:
    """Build the statements for the tables."""
    account, authenticator, ticket = tables.account, tables.authenticator, tables.ticket
    user: BindParameter[str] = bindparam("user")
    of_user = account.c.user_id == user
    whole = whole_account(tables).where(of_user)
    used = select(func.min(authenticator.c.last_step)).correlate(account)
    used = used.where(authenticator.c.user_id == account.c.user_id)
    glance = select(account.c.areas, used.scalar_subquery()).where(of_user)
    of_session = and_(
        _good(ticket),
        ticket.c.user_id == account.c.user_id,
        ticket.c.area == bindparam("area"),
    )
    with_ticket = account.outerjoin(ticket, of_session)
    executed = ticket.alias("executed")
    of_form = and_(executed.c.digest == bindparam("carried"), executed.c.kind == EXECUTED)
    return Statements(
        glance=glance,
        glance_with_ticket=glance.add_columns(ticket.c.digest).select_from(with_ticket),
        glance_carried=glance.add_columns(ticket.c.digest, executed.c.area).select_from(
            with_ticket.outerjoin(executed, of_form)
        ),
        account=whole,
        account_locked=whole.with_for_update(of=account),
        account_asked=_with_browser(tables, whole).with_for_update(of=account),
        account_beside=_with_recovery(tables, _with_browser(tables, whole)),
        recovery_locked=select(account.c.recovery_hash).where(of_user).with_for_update(),
        events=_events(tables.event),
        tickets=_tickets(ticket),
        ticket=select(ticket).where(_good(ticket)),
        waiting=_waiting(tables),
        # The lock includes the ticket. Otherwise a request that waited for the account would see a
        # ticket that was used up meanwhile.
        pending=_with_browser(tables, _waiting(tables)).with_for_update(of=(account, ticket)),
        take_step=_take_step(authenticator),
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
            ticket.c.kind.not_in([EXECUTED, bindparam("spare")]),
            or_(ticket.c.kind != KNOWN, ticket.c.digest != bindparam("known")),
        ),
        add_ticket=insert(ticket),
        add_ticket_once=_add_ticket_once(ticket),
        take_ticket=delete(ticket)
        .where(
            _good(ticket),
            ticket.c.user_id == user,
            ticket.c.area == bindparam("area"),
        )
        .returning(*ticket.c),
        drop_expired=delete(ticket).where(ticket.c.digest.in_(_expired(ticket).scalar_subquery())),
        drop_unfinished=_drop_unfinished(ticket),
        add_event=insert(tables.event),
    )


def _good(ticket: Table) -> Any:
    """Return the condition for the requested ticket, if it has not expired."""
    return and_(
        ticket.c.digest == bindparam("digest"),
        ticket.c.kind == bindparam("kind"),
        ticket.c.expires_at > bindparam("now"),
    )


def _events(event: Table) -> CompoundSelect[Any]:
    """Return the SELECT of a user's latest changes and as many latest attempts, unordered."""
    of_user = select(event).where(event.c.user_id == bindparam("user"))
    attempt = _one_of(event, ATTEMPTS)
    halves = []
    for condition in (not_(attempt), attempt):
        latest = of_user.where(condition).order_by(event.c.id.desc())
        # SQLite takes no LIMIT in a part of a UNION.
        halves.append(select(latest.limit(bindparam("most", type_=Integer)).subquery()))
    return union_all(*halves)


def _one_of(event: Table, kinds: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition for kinds of events.

    The kinds are written into the statement, since a list of parameters would be expanded at each
    execution.
    """
    return event.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(kinds)])


def _with_recovery(tables: Tables, statement: Select[Any]) -> Select[Any]:
    """Add the time of the latest recovery code to a SELECT of an account."""
    account, event = tables.account, tables.event
    made = select(event.c.at).where(
        event.c.user_id == account.c.user_id,
        event.c.at >= account.c.activated_at,
        _one_of(event, MADE_RECOVERY_CODE),
    )
    latest = made.order_by(event.c.id.desc()).limit(literal_column("1")).correlate(account)
    return statement.add_columns(latest.scalar_subquery().label("recovery_since"))


def _tickets(ticket: Table) -> Select[Any]:
    """Return the SELECT of a user's tickets of a kind, latest end first."""
    of_user = select(ticket).where(
        ticket.c.user_id == bindparam("user"),
        ticket.c.kind == bindparam("kind"),
        ticket.c.expires_at > bindparam("now"),
    )
    return of_user.order_by(ticket.c.expires_at.desc())


def _waiting(tables: Tables) -> Select[Any]:
    """Return the SELECT of a ticket with the account of its user."""
    account, ticket = tables.account, tables.ticket
    columns = [column.label(f"ticket_{column.name}") for column in ticket.c]
    return (
        whole_account(tables)
        .add_columns(*columns)
        .join(ticket, ticket.c.user_id == account.c.user_id)
        .where(_good(ticket))
    )


def _add_ticket_once(ticket: Table) -> Insert:
    """Return the INSERT of a ticket that writes no row, without an error, if the digest exists."""
    columns = [column for column in ticket.c if column.name != "sealed"]
    values = select(*(bindparam(f"new_{each.name}", type_=each.type) for each in columns))
    there = exists().where(ticket.c.digest == bindparam("new_digest"))
    statement = insert(ticket).from_select(columns, values.where(~there))
    return statement.execution_options(preserve_rowcount=True)


def _with_browser(tables: Tables, statement: Select[Any]) -> Select[Any]:
    """Add the known browser of the request and the number of known browsers to a SELECT."""
    account = tables.account
    this, each = tables.ticket.alias("this_browser"), tables.ticket.alias("each_browser")

    def of_user(ticket: Any) -> Any:
        return and_(
            ticket.c.user_id == account.c.user_id,
            ticket.c.kind == KNOWN,
            ticket.c.expires_at > bindparam("now"),
        )

    counted = select(func.count()).select_from(each).where(of_user(each)).correlate(account)
    return statement.add_columns(
        this.c.area.label("browser_bound"),
        this.c.expires_at.label("browser_until"),
        counted.scalar_subquery().label("browsers"),
    ).outerjoin(this, and_(this.c.digest == bindparam("known"), of_user(this)))


def _expired(ticket: Table) -> Select[Any]:
    """Return the SELECT of the digests of expired tickets, oldest first."""
    over = select(ticket.c.digest).where(ticket.c.expires_at <= bindparam("now"))
    return over.order_by(ticket.c.expires_at).limit(bindparam("most", type_=Integer))


def _drop_unfinished(ticket: Table) -> Delete:
    """Return the DELETE of expired tickets and of a user's tickets of a kind.

    Each half of the UNION uses its own index.
    """
    over = _expired(ticket).subquery("over")
    of_user = select(ticket.c.digest).where(
        ticket.c.user_id == bindparam("user"), ticket.c.kind == bindparam("kind")
    )
    return delete(ticket).where(ticket.c.digest.in_(union_all(select(over.c.digest), of_user)))


def _take_step(authenticator: Table) -> Update:
    step = bindparam("step", type_=BigInteger)
    return (
        update(authenticator)
        .where(authenticator.c.id == bindparam("authenticator"), authenticator.c.last_step < step)
        .values(
            last_step=step,
            last_used_at=bindparam("now"),
            failures_at_use=bindparam("counted"),
            known_at_use=bindparam("known"),
        )
    )
