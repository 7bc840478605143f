"""Every setting of the portal: default, what is allowed, and meaning.

In the environment each has the prefix `PORTAL_`. `docs/portal-settings.md` has the table, which
`tools.portal_settings` writes from here.
"""

import time
from dataclasses import dataclass
from typing import Any

from portal.rules import issuer

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
KIBIBYTE, MEBIBYTE = 1024, 1024 * 1024
TRUST_SECONDS = 30 * DAY
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
MAIL_TLS = ("starttls", "tls", "none")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the portal.

    Args:
        meaning: one sentence or two, for operators.
        default: the value where it is not set.
        unset: what is taken where the default is `None`, in words.
        numbers: the least and the greatest whole number allowed.
        words: the words allowed.
        is_text: whether it must be a text that is not empty.
        is_switch: whether it must be true or false.
        form: what other values look like, in words.
    """

    meaning: str
    default: Any = None
    unset: str = ""
    numbers: tuple[int, int] | None = None
    words: tuple[str, ...] = ()
    is_text: bool = False
    is_switch: bool = False
    form: str = ""


def _text(meaning: str, default: str | None = None, unset: str = "", form: str = "text") -> Setting:
    return Setting(meaning, default, unset, is_text=True, form=form)


def _number(meaning: str, default: int | None, least: int, most: int, unset: str = "") -> Setting:
    return Setting(meaning, default, unset, numbers=(least, most))


SETTINGS: dict[str, Setting] = {
    "SITE_NAME": _text("Name of the portal, on pages and in mails", "Customer Portal"),
    "PUBLIC_URL": _text(
        "Address that people type, with its port if that is not 443; the base of mailed links",
        unset="`http://127.0.0.1:$PORT`",
        form="address",
    ),
    "SERVED_OVER_TLS": Setting(
        "Whether cookies are sent over TLS alone",
        unset="whether `PORTAL_PUBLIC_URL` is https",
        is_switch=True,
    ),
    "PROXY_COUNT": _number(
        "Proxies in front, whose headers for address, scheme and host are believed", 0, 0, 10
    ),
    "PROXY_PREFIX": Setting(
        "Whether to believe the proxy's `X-Forwarded-Prefix`, too", default=False, is_switch=True
    ),
    "INSTANCE_PATH": _text(
        "Folder for what is made on the first start: keys, the SQLite database, mails",
        unset="`instance/`",
        form="path",
    ),
    "SECRET_KEY": _text(
        "Seals sessions, links and waiting mails; at least 16 random characters, the same on every"
        " host",
        unset="made, and kept in the instance folder",
    ),
    "SECRET_KEY_FALLBACKS": Setting(
        "Former secret keys, which still open what they sealed", form="JSON list of texts"
    ),
    "TWOFACTOR_KEYS": Setting(
        "Sealing keys of the second factors, base64 of 32 random bytes each, the newest first",
        unset="made, and kept in the instance folder",
        form="texts with commas between",
    ),
    "SQLALCHEMY_DATABASE_URI": _text(
        "Address of the database", unset="SQLite in the instance folder", form="address"
    ),
    "SQLALCHEMY_ENGINE_OPTIONS": Setting(
        "Options of SQLAlchemy's engine, such as `pool_size`", form="JSON object"
    ),
    "DATABASE_TIMEOUT_SECONDS": _number(
        "How long connections, locks and statements may take", 15, 2, 120
    ),
    "MAIL_SERVER": _text(
        "Host that takes mails", unset="mails become files in `instance/outbox/`", form="host"
    ),
    "MAIL_PORT": _number("Its port", 587, 1, 65535),
    "MAIL_TLS": Setting("How it is spoken to", "starttls", words=MAIL_TLS),
    "MAIL_USER": _text("Name for signing in there", unset="without signing in", form="ASCII text"),
    "MAIL_PASSWORD": _text("Its password", form="ASCII text"),
    "MAIL_FROM": _text("Sender of mails", "Customer Portal <portal@localhost>"),
    "MAIL_TIMEOUT_SECONDS": _number("How long each answer of the mail server may take", 5, 1, 60),
    "LOG_FORMAT": Setting("Lines for people, or JSON for programs", "text", words=LOG_FORMATS),
    "LOG_LEVEL": Setting("From which level on lines are written", "info", words=LOG_LEVELS),
    "METRICS_TOKEN": _text(
        "Token that `/metrics` asks for, at least 16 characters", unset="there is no `/metrics`"
    ),
    "PASSWORD_LENGTH": _number("The least characters of a new password", 12, 8, 64),
    "PASSWORD_LENGTH_ALONE": _number(
        "The same while sign-in asks the customer for no code",
        None,
        8,
        64,
        unset="`PORTAL_PASSWORD_LENGTH`",
    ),
    "PASSWORD_COST": _number("Cost of bcrypt; stored hashes follow at the next sign-in", 12, 4, 16),
    "ADDRESS_FAILURES": _number(
        "Wrong passwords, wrong codes and requests for links of a network address in an hour, then"
        " strangers there wait; 0: any number",
        60,
        0,
        100_000,
    ),
    "SESSION_IDLE_SECONDS": _number(
        "A session ends so long after its last request", HOUR, MINUTE, DAY
    ),
    "SESSION_ABSOLUTE_SECONDS": _number(
        "A session ends so long after the sign-in", 12 * HOUR, MINUTE, 30 * DAY
    ),
    "SESSION_PERSISTENT_IDLE_SECONDS": _number(
        "With *Keep me signed in*: so long after its last request", 14 * DAY, MINUTE, 400 * DAY
    ),
    "SESSION_PERSISTENT_SECONDS": _number(
        "With *Keep me signed in*: so long after the sign-in", 30 * DAY, MINUTE, 400 * DAY
    ),
    "RESET_SECONDS": _number("How long the link for a forgotten password works", HOUR, MINUTE, DAY),
    "EMAIL_SECONDS": _number("How long the link to a new address works", DAY, HOUR, 7 * DAY),
    "EMAIL_LINKS": _number(
        "Links to new addresses for a customer in a day; 0: any number", 5, 0, 1000
    ),
    "SUPPORT_EMAIL": _text("Where people are told to turn to", form="e-mail address"),
    "SUPPORT_PHONE": _text("The same", form="phone number"),
    "SUPPORT_URL": _text("The same", form="address"),
    "TRUST": Setting(
        "Whether people can choose that a browser is not asked for a code at sign-in",
        default=True,
        is_switch=True,
    ),
    "TWOFACTOR_TRUST_SECONDS": Setting(
        "For how long, where `PORTAL_TRUST` allows it",
        unset=f"`{TRUST_SECONDS}`, 30 days",
        form="0 to 7776000",
    ),
    "HELP_DESK_TWO_PEOPLE": Setting(
        "Whether a reset at the help desk takes a second member of staff, who confirms it",
        default=True,
        is_switch=True,
    ),
    "COMPANY": _text("Company that issues the invoices", unset="`PORTAL_SITE_NAME`"),
    "COMPANY_ADDRESS": _text(
        "Its address on invoices; write the lines as JSON",
        form=f"up to {issuer.ADDRESS_LINES} lines of {issuer.LINE_LENGTH} characters",
    ),
    "COMPANY_LOGO": _text("Logo on invoices", form="path of a PNG file"),
    "COMPANY_COLOUR": _text(
        "Colour of titles on invoices", unset=f"`{issuer.COLOUR}`", form="`#rrggbb`"
    ),
    "BANK_HOLDER": _text(
        "Holder of the account that invoices are paid to; together with the IBAN",
        form=f"up to {issuer.HOLDER_LENGTH} characters",
    ),
    "BANK_IBAN": _text("The account", form="IBAN"),
    "BANK_BIC": _text("Its bank, if outside the European Economic Area", form="BIC"),
    "TWOFACTOR_RP_ID": Setting(
        "Domain that passkeys belong to, for ever; an empty text turns them off",
        unset="the host of `PORTAL_PUBLIC_URL`",
        form="domain",
    ),
    "TWOFACTOR_ORIGINS": Setting(
        "Pages that passkeys are used on",
        unset="the origin of `PORTAL_PUBLIC_URL`",
        form="origins with commas between",
    ),
    "TWOFACTOR_PASSKEY_SIGN_IN": Setting(
        "Whether people can sign in with a passkey and no password",
        unset="wherever there are passkeys",
        form="true or false",
    ),
    "TWOFACTOR_ISSUER": _text(
        "Name in the authenticator app", unset="company (or site name) and domain"
    ),
    "TWOFACTOR_SUPPORT": _text(
        "Line that tells people whom to turn to", unset="the `PORTAL_SUPPORT_…` settings"
    ),
    "TWOFACTOR_AFTER_SIGN_IN": _text(
        "Where a sign-in leads that has no better place to go",
        "account.overview",
        form="endpoint or path",
    ),
    "MAX_CONTENT_LENGTH": _number(
        "Bytes of a request", 2 * MEBIBYTE, 64 * KIBIBYTE, 1024 * MEBIBYTE
    ),
    "MAX_FORM_MEMORY_SIZE": _number(
        "Bytes of a form that is held in memory", 2 * MEBIBYTE, 64 * KIBIBYTE, 1024 * MEBIBYTE
    ),
    "MAX_FORM_PARTS": Setting("Fields of a form", 500, form="whole number"),
}

# Not for operators: a clock and switches for tests, and what the portal needs of its extensions.
FIXED: dict[str, Any] = {
    "CLOCK": time.time,
    "TRAP_HTTP_EXCEPTIONS": False,
    # No limit of its own: the CSRF token expires with its session.
    "WTF_CSRF_TIME_LIMIT": None,
}
# Flask's own reading keeps these where the portal sets nothing.
OF_OTHERS = ("INSTANCE_PATH", "SECRET_KEY_FALLBACKS", "SQLALCHEMY_ENGINE_OPTIONS")
DEFAULTS = FIXED | {name: each.default for name, each in SETTINGS.items() if name not in OF_OTHERS}
# An empty text is a value of these; other settings are unset by it.
EMPTY_SAYS = ("TWOFACTOR_RP_ID", "TWOFACTOR_CSP")
# Each host would make its own, and none could open what another has sealed.
NEVER_EMPTY = {
    "SECRET_KEY": "import secrets; print(secrets.token_urlsafe(48))",
    "TWOFACTOR_KEYS": (
        "import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())"
    ),
}
