"""Addresses of pages for mails."""

from flask import current_app


def mailed_address(endpoint: str, **values: str) -> str:
    """Return the address of a page for a mail, which does not depend on the Host of a request."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{current_app.config['PUBLIC_URL']}{path}"
