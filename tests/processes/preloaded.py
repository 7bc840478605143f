"""All that gunicorns under test import, which their common process does once."""

import json
import pkgutil
import tempfile
from importlib import import_module
from pathlib import Path

import portal.twofactor
from tests.processes.serving import make
from tests.support import routes


def _make_one() -> None:
    """Make an application, and forget it: that imports and compiles what each of them needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {
            "SECRET_KEY": "only-for-tests-" * 4,
            "INSTANCE_PATH": str(folder / "instance"),
            "SQLALCHEMY_DATABASE_URI": "sqlite://",
            "PASSWORD_COST": 4,
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        make(folder, folder)


for name in ("app.wsgiapp", "workers.gthread", "workers.sync"):
    import_module(f"gunicorn.{name}")
for found in pkgutil.walk_packages(portal.twofactor.__path__, "portal.twofactor."):
    import_module(found.name)
routes.compile_once()
_make_one()
