"""The entry point for gunicorn (`wsgi:app`) and for the `flask` command."""

from portal import create_app
from portal.config import SettingError

try:
    app = create_app()
except SettingError as error:
    raise SystemExit(f"The portal can't start: {error}") from None
