"""Build the wheels and sdists of the portal and of `flask-twofactor`; `make wheels` runs it.

`flask-twofactor` is `portal/twofactor/` under the name `flask_twofactor`, with the metadata and the
README of `distribution/`. Its files are copied into a temporary folder for the build alone, so the
repository has each of them once.
"""

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINT, DISTRIBUTION = ROOT / "portal" / "twofactor", ROOT / "distribution"
# Used where there is no git, as in an sdist: folders that a build does not need.
_LEFT_OUT = ("build", "dist", "instance", "node_modules", "__pycache__", "*.egg-info", ".*")
_NO_CACHES = shutil.ignore_patterns("__pycache__", "*.py[cod]")


def version() -> str:
    """Return the version, which both have."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["metadata"]["version"]


def lay_out_blueprint(folder: Path) -> None:
    """Fill an empty folder with what `flask-twofactor` is built from."""
    shutil.copytree(DISTRIBUTION, folder, dirs_exist_ok=True)
    shutil.copytree(BLUEPRINT, folder / "flask_twofactor", ignore=_NO_CACHES)
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "VERSION").write_text(f"{version()}\n")


def lay_out_portal(folder: Path) -> None:
    """Fill an empty folder with what the portal is built from.

    A build in the repository itself would find the leftovers of earlier ones.
    """
    files = _known_to_git()
    if not files:
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), dirs_exist_ok=True)
    for name in files:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def build(out: Path) -> list[Path]:
    """Build both; each wheel is made from its sdist, so each sdist is complete.

    Args:
        out: the folder for the files.

    Returns:
        The files, wheels and sdists, sorted by name.

    Raises:
        CalledProcessError: a build failed.
    """
    made: list[Path] = []
    out.mkdir(parents=True, exist_ok=True)
    for lay_out in (lay_out_portal, lay_out_blueprint):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            lay_out(folder)
            build_tree(folder, folder / "dist")
            made += [Path(shutil.copy(file, out)) for file in (folder / "dist").iterdir()]
    return sorted(made)


def build_tree(folder: Path, out: Path) -> None:
    """Build the sdist of a tree, and the wheel from the sdist.

    Raises:
        CalledProcessError: the build failed.
    """
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(folder)]
    done = subprocess.run(
        command, env=os.environ | _time_of_commit(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()


def _known_to_git() -> list[str]:
    """Return the files that are in git or would be added; none without git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    return [name for name in _said_by(command).split("\0") if name]


def _time_of_commit() -> dict[str, str]:
    """Return the time that archives give to their files, so that a commit has one wheel."""
    seconds = _said_by(["git", "log", "-1", "--format=%ct"]).strip()
    known = not seconds or "SOURCE_DATE_EPOCH" in os.environ
    return {} if known else {"SOURCE_DATE_EPOCH": seconds}


def _said_by(command: list[str]) -> str:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return ""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def main() -> None:
    """Build into `dist/`, or into the folder that --out names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder for the files")
    for file in build(parser.parse_args().out):
        print(f"{file.stat().st_size / 1000:8,.0f} kB  {file}")


if __name__ == "__main__":
    main()
