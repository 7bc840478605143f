"""Letters: the content of a mail as text and as HTML, both with the same facts."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime
from css_inline import CSSInliner
from flask import current_app, has_request_context, request
from flask_babel import get_locale

from portal.clock import now
from portal.i18n.formats import device
from portal.i18n.language import _
from portal.rules.support import Support, support_of

COLUMNS = 72
BROWSER_LENGTH = 80


class Fact(NamedTuple):
    """A row of the table of facts."""

    label: str
    value: str


class Link(NamedTuple):
    """A link: as a button and written out below it in HTML, and written out in the text."""

    label: str
    written: str
    url: str


class Reader(NamedTuple):
    """The recipient of a letter."""

    email: str
    name: str
    zone: str | None = None  # such as `Europe/London`; None: UTC


class Notice(NamedTuple):
    """An event, and what the reader can do about it.

    `contact` leads to the support contacts, and is left out if there are none. `undo` is the
    address of the link that undoes the change; it takes the place of the advice.
    """

    subject: str
    paragraphs: tuple[str, ...]
    advice: tuple[str, ...] = ()
    contact: str = ""
    question: str = ""  # the heading of the advice; by default "Wasn't you?"
    facts: tuple[Fact, ...] = ()
    link: Link | None = None
    after: str = ""  # follows the link
    alarm: bool = False  # somebody else may have done it
    strangers: bool = False  # sender and reader may not know each other: no name, no browser
    undo: str = ""
    by_staff: bool = False  # the browser of the request is not the reader's


@dataclass(frozen=True)
class Letter:
    """A notice with everything that is the same in all mails, for the template."""

    notice: Notice
    greeting: str
    facts: tuple[Fact, ...]
    question: str
    advice: tuple[str, ...]
    undo: Link | None
    contact: str
    company: str
    portal: str
    support: Support
    promise: str

    @property
    def subject(self) -> str:
        """Say what happened."""
        return self.notice.subject

    @property
    def text(self) -> str:
        """The plain-text part, in lines of at most COLUMNS."""
        return "\n\n".join(filter(None, self._blocks())) + "\n"

    @property
    def html(self) -> str:
        """The HTML part, with its styles in attributes and nothing from elsewhere."""
        template = current_app.jinja_env.get_template("mail/letter.html")
        return _inliner().inline(template.render(letter=self, notice=self.notice))

    def _blocks(self) -> Iterator[str]:
        notice = self.notice
        yield _wrapped(self.subject)
        yield _wrapped(self.greeting)
        yield from map(_wrapped, notice.paragraphs)
        if notice.link:
            yield notice.link.url
        yield _wrapped(notice.after)
        yield "\n".join(_wrapped(f"{label}: {value}", "  ") for label, value in self.facts)
        if self.advice or self.contact:
            contact = f"{self.contact} {self.support.line}" if self.contact else ""
            link = self.undo.url if self.undo else ""
            lines = filter(None, (self.question, *self.advice, link, contact))
            yield "\n".join(map(_wrapped, lines))
        foot = (self.company, self.portal, *filter(None, self.support))
        yield "\n".join((_wrapped(self.promise), "", "-- ", *foot))


def letter_of(notice: Notice, reader: Reader) -> Letter:
    """Return the letter that tells a reader of something that happens now."""
    support = support_of(current_app.config)
    facts = [*notice.facts, Fact(_("When"), when_of(now(), reader.zone))]
    is_own = not notice.strangers and not notice.by_staff
    if is_own and (browser := _browser()):
        facts.append(Fact(_("Browser"), browser))
    advice, contact, undo = notice.advice, notice.contact, None
    if notice.undo:
        advice = (
            _(
                "Undo it within 7 days. We'll sign everybody out and send you a link to choose a "
                "new password:"
            ),
        )
        undo = Link(_("This wasn't me"), _("Or copy this address into your browser:"), notice.undo)
        contact = _("Link doesn't work? Contact us now:")
    return Letter(
        notice=notice,
        greeting=_("Hello,") if notice.strangers else _("Hello %(name)s,", name=reader.name),
        facts=tuple(facts),
        question=notice.question or _("Wasn't you?"),
        advice=advice,
        undo=undo,
        contact=contact if support.line else "",
        company=current_app.config["COMPANY"] or current_app.config["SITE_NAME"],
        portal=address(),
        support=support,
        promise=_("We never ask for your password or a code by e-mail."),
    )


def address() -> str:
    """Return the portal's address to type, e.g. `portal.example.org`."""
    url = urlsplit(current_app.config["PUBLIC_URL"])
    return f"{url.netloc}{url.path}".rstrip("/")


def mailed_address(endpoint: str, **values: str) -> str:
    """Return the address of a page for a mail, which does not depend on the Host of a request."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{current_app.config['PUBLIC_URL']}{path}"


def undo_address(token: str) -> str:
    """Return the address of the page that undoes a change."""
    return mailed_address("undo.open_link", token=token)


def when_of(seconds: float, zone: str | None) -> str:
    """Return a time in a zone with the zone's name, in UTC if the zone is not known.

    E.g. `28 November 2026, 9:00 (Central European Standard Time)`.
    """
    info = _zone(zone)
    # A pattern of Babel: day, month, year, time and name of the zone.
    pattern = _("d MMMM y, H:mm (zzzz)")
    if info is UTC:
        pattern = pattern.replace("zzzz", "'UTC'")
    at = datetime.fromtimestamp(seconds, info)
    return format_datetime(at, pattern, info, get_locale())


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _browser() -> str:
    """Return the browser and system of this request; empty outside of one."""
    if not has_request_context() or not request.user_agent.string:
        return ""
    return device(request.user_agent.string)[:BROWSER_LENGTH]


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        COLUMNS,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False)
