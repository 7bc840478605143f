"""Areas where an answer counts only for what was shown ("what you see is what you sign").

The first request always gets the challenge page with the summary. The answer must come with the
sealed form of that page. A passkey signs that form; for a code, that page must be the last that
this session was shown for the area. A program shows the summary itself, and names its body by a
digest.
"""

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from flask import request

from ...app.state import State
from ...core import bounds
from ...core.areas import Area
from ...core.errors import NotShown, Refusal, SetupError
from ...i18n.language import _
from .. import continuation, navigation, session_marks
from ..looks.rendering import render
from ..origin import csrf

if TYPE_CHECKING:
    from ..passes import Asked, Says

# Mark of the form that this session was shown last, by area.
SHOWN = "shown"
DIGEST_HEADER = "X-Twofactor-Digest"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def is_shown(asked: "Asked", area: Area, by_passkey: bool) -> bool:
    """Return whether this request's answer was given for what is to be done now.

    Args:
        asked: of the request.
        area: that asks; it is exact.
        by_passkey: whether the answer is a passkey's. It has signed the digest of a program.

    Raises:
        NotShown: it was given for something else.
    """
    if _is_form():
        carried = asked.carried
        if carried is None or carried.area != area.key:
            return False
        # A passkey has signed this form; a code may have been meant for any.
        is_last = by_passkey or session_marks.get(SHOWN, area.key) == carried.id
        fits = is_last and carried.shown == asked.about.summary
    elif by_passkey:
        return True
    else:
        given = request.headers.get(DIGEST_HEADER, "").lower()
        if not given:
            return False
        fits = given == _digest()
    if not fits:
        raise NotShown("another form, or another summary")
    return True


def refuse_another(asked: "Asked", area: Area, user_id: str, says: "Says | None") -> None:
    """Refuse a second question of a form that would confirm what its page has not shown.

    No page can ask for both. A program has shown all of its body.

    Args:
        asked: of the request; its answer was right.
        area: that asks again.
        user_id: key of the user who is asked.
        says: returns the summary of this question.

    Raises:
        SetupError: it is another summary than the answer was given for.
    """
    summary = bounds.one_line(says()) if area.exact and says and _is_form() else ""
    if summary and summary != asked.shown.get((area.key, user_id)):
        raise SetupError(
            f"a form asks for the exact area {area.key!r} twice, with two summaries: ask once,"
            " with all that is done in one summary"
        )


def carry(state: State, refusal: Refusal, area: Area | None, family: str | None) -> tuple[str, str]:
    """Seal this request's form for the page that asks, with what the page shows of it.

    Args:
        state: of the application.
        refusal: that the page tells.
        area: that asks.
        family: as in `continuation.carry`.
    """
    who, key = refusal.user_id or "", refusal.area
    if area is None or not area.exact:
        return continuation.carry(state, who, family, key)
    family = family or secrets.token_urlsafe(16)
    sealed, lost = continuation.carry(state, who, family, key, refusal.summary or "")
    if session_marks.get(SHOWN, area.key) != family:
        session_marks.put(SHOWN, family, area.key)
    return sealed, lost


def unkept(lost: str, back: str) -> str:
    """Return the page about a form that can't be sealed, so that no answer counts for it.

    Args:
        lost: the part that could not be kept: "files" or "size".
        back: address of the form.
    """
    message = _("Your text is too long to confirm. Shorten it, then send the form again.")
    if lost == "files":
        message = _("You can't send files here. Send the form without them.")
    title = _("We didn't do anything")
    return render("again.html", title=title, message=message, back=back)


def told(area: Area | None) -> dict[str, Any]:
    """Return what a script or a program needs to have an answer count: see `docs/api.md`."""
    if area is None or not area.exact:
        return {}
    if not _is_form():
        return {"digest": _digest()}
    fields = {csrf.field(): csrf.token()}
    return {"page": {"address": navigation.here(), "fields": fields}}


def digest_of_body(area: Area) -> str:
    """Return the SHA-256 of a program's body, "" for forms and areas that are not exact."""
    return "" if not area.exact or _is_form() else _digest()


def _is_form() -> bool:
    return request.mimetype in _FORMS


def _digest() -> str:
    return hashlib.sha256(request.get_data()).hexdigest()
