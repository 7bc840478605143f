"""The Content-Security-Policy (W3C CSP 3) of our answers, where the host sends none.

It is decided after all functions of the host, so that theirs wins however they set it.
"""

from werkzeug.wrappers import Response

from ...app.looks.sent import HEADER
from ...core.settings import Settings

# A host that tries out a policy of its own would otherwise meet ours, which is enforced.
_TRIED_OUT = "Content-Security-Policy-Report-Only"
# Frameworks draw ticks and arrows as images within their style sheets (`data:`).
_ANYWHERE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
# Browsers apply `form-action` to redirects as well: after a challenge in the place of a host's
# page, its view may lead anywhere, such as to a provider of payments.
_OWN_PAGES = f"{_ANYWHERE}; form-action 'self'"
# Attribute of an answer: its policy, "" for none.
MARK = "_twofactor_policy"


def mark(response: Response, settings: Settings, *, own: bool) -> None:
    """Have an answer get a policy if the host sends none.

    Args:
        response: the answer.
        settings: of the application.
        own: whether it is a page of the blueprint, not a challenge at an address of the host.
    """
    ours = _OWN_PAGES if own else _ANYWHERE
    setattr(response, MARK, ours if settings.csp is None else settings.csp)


def set_policy(response: Response, policy: str) -> None:
    """Set the policy of a marked answer; the last of all `after_request` functions calls it."""
    headers = response.headers
    if HEADER not in headers and _TRIED_OUT not in headers:
        headers[HEADER] = policy
