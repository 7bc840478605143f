"""Run quick tests of the blueprint with the oldest dependencies, or with other Pythons.

`python -m tools.oldest` installs the lowest version that setup.cfg admits of everything that is
required (`make test-oldest`). With `--pythons` it installs what CI has (constraints.txt) for each
other Python that the classifiers name, if this machine has it (`make test-pythons`). Either way the
environment is a temporary one. Tests that compare us with a peer are left out: peers ask for newer
versions than ours.
"""

import argparse
import ast
import configparser
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "twofactor"
# Beside the requirements; the test tools in the versions of CI.
EXTRAS = ("prometheus", "postgres", "mysql")
TOOLS = ("asgiref", "beautifulsoup4", "cachelib", "hypothesis", "pyotp", "pytest", "pytest-xdist")
QUICK = "not slow and not thorough and not postgres and not mariadb and not browser and not looks"
_OURS = {"portal", "tests", "tools"}
_HERE = sys.version_info[:2]
_MISSING = """
import json, sys
from importlib.util import find_spec
print(json.dumps([name for name in json.load(sys.stdin) if not find_spec(name)]))
"""


def config() -> configparser.ConfigParser:
    """Return setup.cfg."""
    read = configparser.ConfigParser()
    read.read(ROOT / "setup.cfg")
    return read


def lowest() -> dict[str, str]:
    """Return the lower bound of each requirement, extras as in "psycopg[binary]" included."""
    read = config()
    extras = [read["options.extras_require"][name] for name in EXTRAS]
    lines = "\n".join([read["options"]["install_requires"], *extras]).split()
    return dict(line.split(">=") for line in lines)


def pins(oldest: bool) -> list[str]:
    """Return constraints for pip: those of CI, or in their place the lower bounds."""
    bounds = {_bare(name): version for name, version in lowest().items()} if oldest else {}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    rest = [line for line in lines if _bare(line.partition("==")[0]) not in bounds]
    # The binary of psycopg has the version of psycopg.
    rest = [line for line in rest if not (oldest and line.startswith("psycopg-binary=="))]
    return [*rest, *(f"{name}=={version}" for name, version in bounds.items())]


def pythons() -> Iterator[tuple[str, str | None]]:
    """Yield each supported version but this one, and a program that runs it, if there is one."""
    for minor in re.findall(r":: 3\.(\d+)$", config()["metadata"]["classifiers"], re.MULTILINE):
        if (3, int(minor)) != _HERE:
            name = f"3.{minor}"
            yield name, next((each for each in _candidates(name) if _runs(each, name)), None)


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    yield from filter(None, [shutil.which(name)])
    if shutil.which("pyenv"):
        # Its commands run only the versions that are switched on.
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
        folder = Path(root.stdout.strip() or ".") / "versions"
        yield from (str(path) for path in sorted(folder.glob(f"{version}.*/bin/{name}")))


def _runs(program: str, version: str) -> bool:
    code = "import ensurepip, sqlite3, ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def run(program: str, oldest: bool, arguments: Iterable[str]) -> int:
    """Make an environment and run the tests in it; return the status of pytest.

    Args:
        program: a Python.
        oldest: whether to install the lower bounds.
        arguments: passed on to pytest.

    Raises:
        CalledProcessError: the environment could not be made.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pins").write_text("\n".join(pins(oldest)) + "\n")
        subprocess.run([program, "-m", "venv", folder / "venv"], check=True)
        python = str(folder / "venv" / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = [*lowest(), *TOOLS]
        subprocess.run([*pip, "--constraint", folder / "pins", *wanted], check=True)
        left_out = without(python)
        if left_out:
            print("Left out, since they import a peer:", *sorted(path.name for path in left_out))
        ignored = [f"--ignore={path}" for path in left_out]
        pytest = [python, "-m", "pytest", "-q", "-n", "2", "-m", QUICK, "-p", "no:cacheprovider"]
        return subprocess.run(
            [*pytest, *ignored, TESTS, *arguments], cwd=ROOT, check=False
        ).returncode


def without(python: str) -> list[Path]:
    """Return the test files that import what an environment does not have."""
    imports = {path: _imported(path) for path in sorted(TESTS.rglob("*.py"))}
    names = sorted(set().union(*imports.values()) - _OURS - set(sys.stdlib_module_names))
    asked = [python, "-c", _MISSING]
    done = subprocess.run(
        asked, input=json.dumps(names), capture_output=True, text=True, check=True
    )
    missing = set(json.loads(done.stdout))
    return [path for path, used in imports.items() if used & missing]


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def _bare(name: str) -> str:
    """Return a name as it is compared: without extras, in lower case."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def main() -> None:
    """Run the tests; exit with the first status that is not 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pythons", action="store_true", help="other Pythons, newest versions")
    options, arguments = parser.parse_known_args()
    status = 0
    if not options.pythons:
        print(f"Python {sys.version.split()[0]}, the lowest versions of setup.cfg", flush=True)
        status = run(sys.executable, True, arguments)
    for version, program in pythons() if options.pythons else ():
        if program is None:
            print(f"Python {version} is not installed here: not tried")
            continue
        print(f"Python {version}, the versions of CI", flush=True)
        status = run(program, False, arguments) or status
    sys.exit(status)


if __name__ == "__main__":
    main()
