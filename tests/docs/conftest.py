"""Pages import `flask_twofactor`, the name that the blueprint's own wheel brings."""

from tests.support import two_names

two_names.install()
