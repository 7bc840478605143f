"""The forms of mailed links: each belongs to the link whose page it is on.

A browser keeps one opened link of a kind. If another one is opened in a second tab, the form of the
first tab would do what the other link is for: undo another change, or set the password of somebody
else.
"""

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.i18n.language import _
from portal.rules.refusal import later
from portal.security.sealing import digest

FIELD = "link"
OTHER = later("You've opened another link since. Read this page, then decide.")


def mark(*subject: object) -> str:
    """Return the value of a form's hidden field: it tells what the form is about from all else."""
    return digest(" ".join(map(str, subject)))[:32]


def is_of_another(expected: str) -> bool:
    """Return whether the form that was sent is about something else than the opened link.

    Programs need not send the field.
    """
    return request.method == "POST" and request.form.get(FIELD, expected) != expected


def shown_anew() -> ResponseReturnValue:
    """Redirect to the page of the link that is opened now; nothing was done."""
    say()
    return redirect(request.path, 303)


def say() -> None:
    """Tell the next page that it is about another link than the form."""
    flash(_(OTHER), "warning")
