"""Cookies that keep a choice of the reader, for pages before the sign-in."""

from flask import Response, current_app

SECONDS = 400 * 24 * 60 * 60


def keep(response: Response, name: str, value: str) -> None:
    """Set a cookie with the reader's choice."""
    response.set_cookie(
        name,
        value,
        max_age=SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
