"""Passkeys (WebAuthn): what the use cases need of them.

The rules are in `webauthn`, which is imported at the first passkey, since it loads the library that
reads the bytes.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.answers import Answer, Assertion, Registration
from ..core.answers.passkeys import encode
from ..core.errors import SealBroken, SetupError
from ..core.passkey_errors import PasskeyMalformed
from ..core.records import Authenticator
from ..core.relying_party import RelyingParty
from .base import First, FirstAnswer, Match, Naming, Setup, Terms
from .flags import STORED, SYNCABLE, SYNCED, VERIFIED

if TYPE_CHECKING:
    from .webauthn.stored import Passkey

HANDLE_BYTES = CHALLENGE_BYTES = 32
SECURITY_KEY = "security_key"
MOST = 10


class Passkeys:
    """Passkeys in a password manager, on a device or on a security key."""

    kind = "passkey"
    label = "Passkey"
    most = MOST
    takes = Assertion

    def new_secret(self, others: Sequence[bytes] = ()) -> bytes:
        """Return handle and challenge of a registration, 32 bytes each.

        The handle stands for the user in a passkey (WebAuthn section 14.6.1). All passkeys of an
        account have the same. It says nothing of the user.
        """
        handles = [_passkey(each).handle for each in others]
        handle = handles[0] if handles else secrets.token_bytes(HANDLE_BYTES)
        return handle + secrets.token_bytes(CHALLENGE_BYTES)

    def setup(
        self, secret: bytes, naming: Naming, terms: Terms, others: Sequence[bytes] = ()
    ) -> Setup:
        """Return the options for `navigator.credentials.create`."""
        from .webauthn import options

        created = options.registration(
            _party(terms),
            issuer=naming.issuer,
            account=naming.account,
            handle=secret[:HANDLE_BYTES],
            challenge=_challenge(secret),
            exclude=map(_passkey, others),
            seconds=naming.seconds,
            security_key=naming.hint == SECURITY_KEY,
        )
        return Setup(options=created)

    def first(self, secret: bytes, answer: FirstAnswer, terms: Terms, by: str) -> First:
        """Judge a registration (WebAuthn section 7.1), see `Method.first`."""
        if not isinstance(answer, Registration):
            raise PasskeyMalformed("no registration")
        from .webauthn import providers, rules

        made = rules.registered(
            _party(terms),
            answer,
            challenge=_challenge(secret),
            handle=secret[:HANDLE_BYTES],
            by=by,
        )
        passkey = made.passkey
        name = providers.default_name(passkey.aaguid, passkey.transports)
        stored = passkey.to_bytes()
        return First(stored, made.counter, name, passkey.credential, made.flags & STORED)

    def matched(self, stored: bytes, answer: Answer, terms: Terms) -> Match | None:
        """Judge an assertion but for its challenge (WebAuthn section 7.2), see `Method.matched`."""
        if not isinstance(answer, Assertion):
            return None
        from .webauthn import rules

        found = rules.judged(_party(terms), _passkey(stored), answer, verified=terms.verified)
        return Match(
            found.counter,
            found.flags & STORED,
            verified=found.has(VERIFIED),
            phishing_resistant=True,
        )

    def fresh_in(self, last: int, now: float) -> int:  # noqa: ARG002 - `Method` has it; a passkey has no time steps
        """Return 0: a device answers at any time."""
        return 0

    def usable_in(self, last: int, now: float) -> int:  # noqa: ARG002 - `Method` has it; a passkey has no time steps
        """Return 0: a device answers at any time."""
        return 0

    def seen_by(self, now: float) -> int:  # noqa: ARG002 - `Method` has it; a passkey has no time steps
        """Return 0: the challenges of answers that were seen are used up."""
        return 0

    def check_form(self, answer: Assertion) -> None:
        """Check an assertion as far as no account is needed.

        Raises:
            PasskeyMalformed: its authenticator data is not as long as its flags say.
        """
        from .webauthn import rules

        rules.check_form(answer)

    def ask(
        self,
        party: RelyingParty,
        challenge: str,
        allowed: Sequence[bytes],
        seconds: int,
        *,
        verified: bool = False,
    ) -> Mapping[str, Any]:
        """Return the options for `navigator.credentials.get`.

        Args:
            party: domain and origins.
            challenge: what the device signs, base64url of 32 random bytes.
            allowed: `First.stored` of the passkeys that may answer.
            seconds: lifetime of the challenge.
            verified: whether the device must verify the person.
        """
        from .webauthn import options

        passkeys = map(_passkey, allowed)
        return options.answer(
            party, challenge=challenge, allow=passkeys, seconds=seconds, verified=verified
        )

    def is_of(self, stored: bytes, party: RelyingParty | None) -> bool:
        """Return whether a passkey was made for a domain; others can't answer there."""
        return party is not None and self.domain(stored) == party.id

    def domain(self, stored: bytes) -> str:
        """Return the domain (RP ID) that a passkey was made for."""
        return _passkey(stored).rp

    def names(self, stored: bytes) -> tuple[str, str]:
        """Return the handle and the id of a passkey in base64url, as its device knows them."""
        passkey = _passkey(stored)
        return encode(passkey.handle), encode(passkey.id)

    def is_verified(self, stored: bytes, authenticator: Authenticator) -> bool:
        """Return whether the device has verified the person, together with a password or code."""
        return _passkey(stored).verified or bool((authenticator.flags or 0) & VERIFIED)

    def came_from_elsewhere(self, stored: bytes, answer: Assertion) -> bool:
        """Return whether a phone or tablet beside the browser's device has answered.

        A key that is plugged in has answered from another device, too, and is left out: it is
        wanted elsewhere.
        """
        return answer.roams and "hybrid" in _passkey(stored).transports

    def counts_from(self, stored: bytes, authenticator: Authenticator, hold: int) -> int:
        """Return the time from which a passkey counts, see `Method.counts_from`."""
        young = hold if _passkey(stored).by == "code" else 0
        return authenticator.created_at + young

    def nobodys(self, answer: Assertion, terms: Terms) -> bytes:
        """Return what an answer of an unknown passkey is judged by: a key that nobody has."""
        from .webauthn import rules

        return rules.nobodys(_party(terms), answer).to_bytes()

    def is_synced(self, authenticator: Authenticator) -> bool:
        """Return whether a passkey is on several devices, as its last answer said."""
        return bool((authenticator.flags or 0) & SYNCED)

    def is_syncable(self, authenticator: Authenticator) -> bool:
        """Return whether a passkey may be copied to several devices, as its last answer said."""
        return bool((authenticator.flags or 0) & SYNCABLE)


def flags_after(authenticator: Authenticator, match: Match, *, with_password: bool) -> int:
    """Return the flags to store with a passkey after an answer.

    VERIFIED is stored only once the passkey has shown it together with the password, and stays.
    """
    given = match.flags or 0
    known = (authenticator.flags or 0) & VERIFIED
    shown = given & VERIFIED if with_password else 0
    return (given & (SYNCABLE | SYNCED)) | known | shown


def returned(stored: bytes, flags: int | None) -> tuple[bytes, int]:
    """Return what is kept, and the flags, of a passkey that an undo brings back.

    The device and the link must not be enough to sign in. So its verification is not known until
    it is shown beside a password again.
    """
    with suppress(SealBroken):  # one of another version is accepted nowhere
        stored = replace(_passkey(stored), verified=False).to_bytes()
    return stored, (flags or 0) & ~VERIFIED


def has_changed(authenticator: Authenticator, match: Match) -> bool:
    """Return whether a device says now that its passkey may be copied, or no longer."""
    return bool(((authenticator.flags or 0) ^ (match.flags or 0)) & SYNCABLE)


def _passkey(stored: bytes) -> "Passkey":
    from .webauthn.stored import Passkey

    return Passkey.from_bytes(stored)


def _challenge(secret: bytes) -> str:
    return encode(secret[HANDLE_BYTES:])


def _party(terms: Terms) -> RelyingParty:
    if terms.relying_party is None:
        raise SetupError("passkeys need TWOFACTOR_RP_ID")
    return terms.relying_party
