"""Areas where an answer counts only for what was shown ("what you see is what you sign").

The first request always gets the challenge page with the summary. The answer must come with the
sealed form of that page. A program shows the summary itself, and names its body by a digest.
"""

import hashlib
from typing import TYPE_CHECKING

from flask import request

from ...core.areas import Area

if TYPE_CHECKING:
    from ..passes import Asked


def is_shown(asked: "Asked") -> bool:
    """Return whether this request's answer was given on a page that shows what it confirms."""
    return request.is_json or (asked.carried is not None and bool(asked.token))


def digest_of_body(area: Area) -> str:
    """Return the SHA-256 of a program's body, "" for forms and areas that are not exact."""
    if not area.exact or not request.is_json:
        return ""
    return hashlib.sha256(request.get_data()).hexdigest()
