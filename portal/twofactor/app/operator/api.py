"""The object `twofactor.operator`: for pages of staff, jobs and scripts what the commands do."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from ...core.errors import SetupError
from ...core.importing import ImportRefused
from ...core.records import Authenticator, Event
from ...service.operator import accounts, export, importing, passkeys, upkeep
from ...service.operator.accounts import Overview
from ...service.operator.doctor import Check
from ...service.operator.importing import Person
from ...service.operator.passkeys import Enrolled
from ...service.operator.upkeep import Purged, Rotation
from .. import alembic
from ..checks import doctor
from ..state import current_state
from . import terms
from .figures import CountsUsers
from .helping import Helps

# Events are kept for so long by default.
KEPT = timedelta(days=400)
Moment = datetime | timedelta | float


def _silent(_count: int) -> None:
    """Report no progress."""


class Operator(Helps, CountsUsers):
    """The operations of operators, on the current application.

    It checks no rights: guard the pages that use it. It needs an application context and no
    request. Each `user` is the host's user, or the key of one. Times that it returns are Unix
    seconds. `by` names the operator for the record, by default the signed-in user, or outside a
    request the system account.
    """

    def status(self, user: Any) -> Overview | None:
        """Return the two-factor state of a user, `None` if it is off.

        Returns:
            `user_id`, `areas` (keys), `activated_at`, `last_used_at`, the numbers of
            `authenticators` and `passkeys`, `wrong_in_a_row`, and `held_until` and
            `recovery_held_until`, `None` unless codes are held (infinite when locked).
        """
        state = current_state()
        account = state.kit.store.account(terms.key_of(state.host, user))
        return None if account is None else accounts.overview(state.kit, account)

    def accounts(
        self, *, area: str | None = None, held: bool = False, passkeys: bool | None = None
    ) -> Iterator[Overview]:
        """Yield the state of each user who has it on, by key, read in batches.

        Args:
            area: only users who protect the area with this key.
            held: only users whose codes are not judged now.
            passkeys: only users with a passkey, or without any; `None` for both.

        Raises:
            SetupError: there is no such area.
        """
        kit = current_state().kit
        if area is not None:
            kit.areas.get(area)
        return accounts.overviews(kit, area=area, held=held, passkeys=passkeys)

    def without(self) -> Iterator[str]:
        """Yield the key of each user who has it off, read in batches.

        Raises:
            SetupError: `init_app` was given no `user_keys`.
        """
        state = current_state()
        return accounts.without(state.kit, terms.user_keys(state))

    def events(self, user: Any = None, since: Moment | None = None) -> Iterator[Event]:
        """Yield the recorded events, oldest first, read in batches.

        Args:
            user: only events of this user.
            since: only events from then on: a `datetime` with its zone, a `timedelta` ago, or Unix
                seconds.

        Returns:
            Events with `id`, `at`, `user_id`, `kind`, `area`, `address` and `detail`.

        Raises:
            ValueError: the time has no zone.
        """
        state = current_state()
        user_id = None if user is None else terms.key_of(state.host, user)
        begin = None if since is None else terms.seconds_of(since, state.kit.clock())
        return accounts.events(state.kit, user_id, begin)

    def authenticators(self, user: Any) -> tuple[Enrolled, ...]:
        """Return the apps and passkeys of a user, oldest first; empty if it is off.

        Returns:
            For each its `id`, `kind` ("totp" or "passkey"), `name`, `added_at`, `last_used_at`;
            and of passkeys `synced`, `rp_id` and whether it is `usable` here.
        """
        state = current_state()
        account = state.kit.store.account(terms.key_of(state.host, user))
        held: tuple[Authenticator, ...] = account.authenticators if account else ()
        return tuple(passkeys.enrolled(state.kit, each) for each in held)

    def import_secret(
        self,
        user: Any,
        secret: str,
        *,
        name: str = "",
        areas: Iterable[str] | None = None,
        last_step: int = 0,
        by: str | None = None,
    ) -> bool:
        """Turn two-factor authentication on for a user with the secret of another system.

        The person keeps the phone. The signal `imported` follows; there is no recovery code yet.

        Args:
            user: the host's user, or a key.
            secret: base32, hexadecimal digits, or an `otpauth://` address.
            name: of the authenticator app, "" for our own.
            areas: keys of the areas to protect; default all that the user may choose.
            last_step: the latest time step whose code was used (RFC 6238), 0 if that is not known.
            by: the operator, at most 50 characters.

        Returns:
            Whether it was turned on; `False` if it was on already, and is left as it was.

        Raises:
            ImportRefused: there is no such user, or the secret, an area or the step can't be used.
            ValueError: `by` is empty or too long.
        """
        state = current_state()
        who = state.host.with_key(user) if isinstance(user, str) else user
        if who is None:
            raise ImportRefused("user", "there is no user with this key")
        person = Person(state.host.user_key(who), state.offer(who))
        by = terms.checked_operator(state.host, by)
        return importing.import_secret(
            state.kit, person, secret, by, name=name, areas=areas, last_step=last_step
        )

    def export(self, user: Any) -> dict[str, Any]:
        """Return all that is stored about a user, to hand it to them; no secrets are in it.

        Returns:
            A dictionary that JSON takes, with times in ISO 8601: `user`, `exported_at`, `account`
            (`None` if it is off), `authenticators`, `browsers`, `links`, `unfinished`,
            `reset_request` and `events`.
        """
        state = current_state()
        return export.of_user(state.kit, terms.key_of(state.host, user))

    def purge(
        self, events_before: Moment = KEPT, *, progress: Callable[[int], None] = _silent
    ) -> Purged:
        """Remove expired tickets and old events in batches; it can be stopped and run again.

        Args:
            events_before: the time before which events are removed, as `since` of `events`;
                default 400 days ago.
            progress: called after each batch with its size.

        Returns:
            The numbers of `tickets` and `events` that were removed.
        """
        kit = current_state().kit
        return upkeep.purge(kit, terms.seconds_of(events_before, kit.clock()), progress)

    def rotate_keys(self, *, progress: Callable[[int], None] = _silent) -> Rotation:
        """Seal everything again with the newest of TWOFACTOR_KEYS; it can be stopped and run again.

        Args:
            progress: called for each value with 1.

        Returns:
            The numbers `seen`, `resealed` and `failed`, and the ids of the `missing` keys.
        """
        return upkeep.rotate_keys(current_state().kit, progress)

    def upgrade_tables(self) -> tuple[int, int]:
        """Upgrade the tables to the version of this release, if there is no Flask-Migrate.

        Returns:
            The old and the new version.

        Raises:
            SetupError: Flask-Migrate manages the tables.
            ImportError: Alembic is missing; the message names the extra.
        """
        kit = current_state().kit
        if alembic.manages(current_app, kit.settings.bind_key):
            raise SetupError(
                "Flask-Migrate manages the tables here: run 'flask db upgrade', and see"
                " flask_twofactor.migrations for a revision of your own"
            )
        return upkeep.upgrade_tables(kit)

    def related_origins(self) -> dict[str, list[str]]:
        """Return what `https://<TWOFACTOR_RP_ID>/.well-known/webauthn` must answer, as JSON.

        Browsers read it before passkeys are used on pages outside that domain (WebAuthn section
        5.11). The application serves it itself where it is mounted at the root of that host.

        Raises:
            SetupError: passkeys are off, or no page of TWOFACTOR_ORIGINS is outside the domain.
        """
        party = current_state().kit.settings.relying_party
        if party is None:
            raise SetupError("passkeys are off: TWOFACTOR_RP_ID is not set")
        if not party.foreign:
            raise SetupError(f"no page of TWOFACTOR_ORIGINS is outside {party.id}")
        return party.related

    def doctor(self) -> list[Check]:
        """Check database, tables, keys, clock, cookies and more.

        Returns:
            For each check a `name`, whether it is `ok`, and a `text` for operators.
        """
        return doctor.examine(current_app)
