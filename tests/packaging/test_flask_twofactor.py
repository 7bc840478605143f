"""`flask-twofactor` in clean environments, alone and beside the portal."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.support import built

ROOT = Path(__file__).resolve().parents[2]
PERSON = Path(__file__).with_name("person.py")
pytestmark = pytest.mark.slow

RUN_EACH = """
import json, pathlib, traceback
lines = []
for code in json.loads(pathlib.Path("codes.json").read_text()):
    try:
        exec(code, {"__name__": "__main__"})
    except Exception as error:
        lines.append(traceback.format_exception_only(error)[-1].strip())
print(json.dumps(lines))
"""
# What the host and the blueprint import of others is checked elsewhere, and takes seconds.
MYPY = """
[mypy]
strict = True
follow_imports = skip
[mypy-flask_twofactor.*]
follow_imports = normal
"""


def start_page() -> str:
    """The application of docs/start.md."""
    (block,) = blocks("python", ROOT / "docs" / "start.md")
    return block.text.replace("portal.twofactor", "flask_twofactor")


@pytest.fixture
def alone(tmp_path_factory):
    """The Python of an environment with `flask-twofactor` and what it requires."""
    return built.with_blueprint(tmp_path_factory)


@pytest.fixture
def beside(tmp_path_factory):
    """The Python of an environment that has both distributions, and what they require."""
    both = ("flask-portal-twofactor", "flask-twofactor")

    def make(folder: Path) -> None:
        built.lent(tmp_path_factory, folder, *both)

    return built.once(tmp_path_factory, "beside", make) / "venv" / "bin" / "python"


def person(python: Path, folder: Path, module: str, what: str) -> str:
    shutil.copy(PERSON, folder / "person.py")
    return built.run(python, "person.py", module, what, cwd=folder).strip()


def refused(python: Path, folder: Path, *codes: str) -> list[str]:
    """Run pieces of code that fail, in one process; return the last lines of their errors."""
    (folder / "codes.json").write_text(json.dumps(codes))
    return json.loads(built.run(python, "-c", RUN_EACH, cwd=folder))


def test_the_ten_lines_work_in_a_clean_environment(alone, tmp_path):
    (tmp_path / "app.py").write_text(start_page())
    assert person(alone, tmp_path, "app", "activate") == "imported flask_twofactor.extension"
    person(alone, tmp_path, "app", "go-on")
    flask = (alone, "-m", "flask", "--app", "app", "twofactor")
    assert "motto" in built.run(*flask, "areas", cwd=tmp_path)
    assert "database" in built.run(*flask, "doctor", "--json", cwd=tmp_path, fails=True)


def test_a_host_whose_own_package_is_called_portal(alone, tmp_path):
    """F-65"""
    package = tmp_path / "portal"
    package.mkdir()
    (package / "__init__.py").write_text("from .web import TwoFactor, app\n")
    (package / "web.py").write_text(start_page())
    (package / "twofactor.py").write_text("raise RuntimeError('the host has one of its own')\n")
    person(alone, tmp_path, "portal", "activate")
    areas = built.run(alone, "-m", "flask", "--app", "portal", "twofactor", "areas", cwd=tmp_path)
    assert "motto" in areas


def test_few_distributions_are_installed_with_it(alone):
    """F-103: 38 distributions and 119 MB before; 41 MB were measured"""
    listed = built.pip(alone, "list", "--format=freeze").splitlines()
    names = {line.partition("==")[0].lower() for line in listed}
    assert len(names) <= 19, sorted(names)
    (packages,) = (alone.parents[1] / "lib").glob("*/site-packages")
    files = (path for path in packages.rglob("*") if "__pycache__" not in path.parts)
    size = sum(path.stat().st_size for path in files if path.is_file())
    assert size < 45_000_000


def test_a_missing_extra_is_said_where_it_is_asked_for(alone, tmp_path):
    start = start_page()
    made = "twofactor.init_app(app, db)"
    assert made in start
    asking = {
        start.replace(made, f'app.config.update(TWOFACTOR_RP_ID="localhost")\n{made}'): (
            "SetupError: TWOFACTOR_RP_ID needs the package fido2: install the extra 'passkeys'"
        ),
        start.replace(made, f'app.config.update(TWOFACTOR_TRANSLATIONS="words")\n{made}'): (
            "SetupError: TWOFACTOR_TRANSLATIONS needs Babel: install the extra 'babel'"
        ),
        start.replace(made, 'twofactor.init_app(app, db, pdf_fonts=("a.ttf", "b.ttf"))'): (
            "SetupError: pdf_fonts needs the package reportlab: install the extra 'pdf'"
        ),
        "import flask_twofactor.metrics": (
            "ImportError: The metrics need the package prometheus-client: install the extra"
            " 'prometheus'"
        ),
    }
    for said, sentence in zip(refused(alone, tmp_path, *asking), asking.values(), strict=True):
        assert said.endswith(sentence)
    (tmp_path / "app.py").write_text(start)
    upgrade = (alone, "-m", "flask", "--app", "app", "twofactor", "upgrade-tables")
    assert built.run(*upgrade, cwd=tmp_path, fails=True).splitlines()[-1] == (
        "Error: upgrading the tables needs the package alembic: install the extra 'migrate'"
    )


def test_its_version_is_that_of_its_distribution(alone, tmp_path):
    code = "import flask_twofactor as t; print(t.__version__, t.needs.DISTRIBUTION)"
    assert built.run(alone, "-c", code, cwd=tmp_path).split() == ["0.1.0", "flask-twofactor"]


def test_mypy_sees_its_types(alone, tmp_path):
    (tmp_path / "host.py").write_text(
        "from flask_twofactor import TwoFactor\nTwoFactor().area(1, 2, 3)\n"
    )
    (tmp_path / "mypy.ini").write_text(MYPY)
    mypy = (sys.executable, "-m", "mypy", "--python-executable", alone, "host.py")
    said = built.run(*mypy, cwd=tmp_path, fails=True)
    assert 'Argument 1 to "area" of ' in said
    assert 'has incompatible type "int"; expected "str"' in said
    assert "py.typed" not in said


def test_both_are_installed_side_by_side(beside, tmp_path):
    code = """
import flask_twofactor, portal.twofactor, portal.app
assert flask_twofactor.__file__ != portal.twofactor.__file__
assert "site-packages" in portal.twofactor.__file__
print(flask_twofactor.__version__ == portal.twofactor.__version__)
"""
    assert built.run(beside, "-c", code, cwd=tmp_path).strip() == "True"


@pytest.mark.parametrize("first", ["flask_twofactor", "portal.twofactor"])
def test_tables_sessions_cookies_and_sealed_values_are_interchangeable(beside, first, tmp_path):
    """F-65: activated under one name, continued under the other by the same browser"""
    names = ["flask_twofactor", "portal.twofactor"]
    for name in names:
        text = (
            start_page().replace("flask_twofactor", name).replace("Flask(__name__)", 'Flask("x")')
        )
        text = text.replace("sqlite:///start.sqlite", f"sqlite:///{tmp_path}/start.sqlite")
        (tmp_path / f"by_{name.replace('.', '_')}.py").write_text(text)
    (second,) = {*names} - {first}
    for name, what in ((first, "activate"), (second, "go-on")):
        module = f"by_{name.replace('.', '_')}"
        assert person(beside, tmp_path, module, what) == f"imported {name}.extension"


def test_uninstalling_one_leaves_the_other_whole(tmp_path, tmp_path_factory):
    """F-65: and the `portal` of somebody else"""
    python = built.environment(tmp_path)
    (packages,) = (tmp_path / "venv" / "lib").glob("*/site-packages")
    before = {path for path in packages.rglob("*") if "__pycache__" not in path.parts}
    (packages / "portal").mkdir()
    (packages / "portal" / "__init__.py").write_text("OF_SOMEBODY_ELSE = True\n")
    built.install(python, "--no-deps", built.wheel(tmp_path_factory, built.BLUEPRINT))
    code = "import portal; print(portal.OF_SOMEBODY_ELSE)"
    assert built.run(python, "-c", code, cwd=tmp_path).strip() == "True"
    built.pip(python, "uninstall", "--quiet", "--yes", "flask-twofactor")
    after = {path for path in packages.rglob("*") if "__pycache__" not in path.parts}
    assert after - before == {packages / "portal", packages / "portal" / "__init__.py"}
    assert before <= after
    both = [built.wheel(tmp_path_factory, name) for name in (built.PORTAL, built.BLUEPRINT)]
    built.install(python, "--no-deps", *both)
    built.pip(python, "uninstall", "--quiet", "--yes", "flask-portal-twofactor")
    assert (packages / "flask_twofactor" / "web" / "guard.py").exists()
    assert not (packages / "portal" / "twofactor").exists()
