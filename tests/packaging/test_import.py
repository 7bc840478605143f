"""The modules loaded by importing only the blueprint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
# Loaded when first used: the ORM with the host's `db`, the rest by few processes or never.
LATER = {
    *("sqlalchemy.orm", "alembic", "fido2", "flask_babel", "flask_wtf", "html.parser"),
    *("pyotp", "qrcode", "reportlab", "wtforms"),
    *(
        f"portal.twofactor.{name}"
        for name in (
            *("app.alembic", "app.operator", "app.checks.doctor", "engines.upgrading", "metrics"),
            *("methods.setup_keys", "methods.webauthn", "migrations", "service.operator"),
            *("testing", "web.help_desk"),
        )
    ),
}


def run(code: str, instance: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PORTAL_INSTANCE_PATH": str(instance)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(module: str, instance: Path) -> set[str]:
    names = "*sorted(name for name in sys.modules if name.startswith('portal'))"
    return set(run(f"import sys, {module}; print({names})", instance).split())


def test_the_blueprint_does_not_load_the_portal(tmp_path):
    modules = loaded_by("portal.twofactor", tmp_path)
    assert "portal.twofactor.extension" in modules
    outside = {name for name in modules if not name.startswith("portal.twofactor")}
    assert outside == {"portal"}


def test_a_start_loads_nothing_that_few_processes_need(tmp_path):
    """Each would cost every start, and every worker its memory."""
    code = "import sys, flask, sqlalchemy, flask_login, portal.twofactor; print(*sys.modules)"
    loaded = run(code, tmp_path).split()
    assert not [
        name for name in loaded if any(f"{name}.".startswith(f"{later}.") for later in LATER)
    ]


def test_the_portal_is_loaded_when_it_is_asked_for(tmp_path):
    assert loaded_by("portal", tmp_path) == {"portal"}
    assert {"portal.app", "portal.models"} <= loaded_by("wsgi", tmp_path)


def test_what_few_people_need_is_loaded_when_it_is_needed(tmp_path):
    """W-29: the library of the invoices, and all of passkeys"""
    taken = "wsgi.app.extensions['twofactor'].kit.settings.relying_party.id"
    party, *loaded = run(f"import sys, wsgi; print({taken}, *sys.modules)", tmp_path).split()
    assert party == "localhost"
    assert "portal.invoices.views" in loaded
    assert not {name.split(".")[0] for name in loaded} & {"reportlab", "PIL", "fido2"}
    assert not [name for name in loaded if name.startswith("portal.twofactor.methods.webauthn")]


@pytest.mark.parametrize(
    "module",
    [
        *("core.policy", "core.throttle", "core.vault"),
        *("methods.recovery", "methods.totp", "methods.webauthn.rules"),
    ],
)
def test_the_pure_floors_run_without_any_framework(module, tmp_path):
    code = f"""
import sys, types
for name in ("flask", "sqlalchemy", "werkzeug"):
    sys.modules[name] = None
for name in ("portal", "portal.twofactor"):
    package = types.ModuleType(name)
    package.__path__ = [name.replace(".", "/")]
    sys.modules[name] = package
import portal.twofactor.{module}
print("pure")
"""
    assert run(code, tmp_path).strip() == "pure"
