"""The entry point for gunicorn (`wsgi:app`) and for the `flask` command."""

from portal import create_app
from portal.config import SettingError
from portal.twofactor import SetupError

try:
    app = create_app()
except (SettingError, SetupError) as error:
    raise SystemExit(f"The portal can't start: {error}") from None
