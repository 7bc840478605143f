"""Check the most important pages with Lighthouse; fail if a score is below WANTED.

`make lighthouse` installs it from npm into build/lighthouse, which needs Node, and runs it in the
system's Chromium with its defaults: a slow phone in a slow network. The reports stay in
build/lighthouse/reports. With `--if-possible`, as in CI, the check is skipped on a machine that
can't install it.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.browser import chromium, needed
from tests.support.clock import START, Clock
from tests.support.customers import make_customer
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit
from tools.pictures import PASSWORD, portal

# The last version for Node 20.
VERSION = "12.8.2"
HOME = Path(__file__).resolve().parents[1] / "build" / "lighthouse"
PROGRAM = HOME / "node_modules" / "lighthouse" / "cli" / "index.js"
WANTED = {"accessibility": 100, "best-practices": 100, "performance": 95}
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"


def can_be_installed() -> bool:
    """Return whether Lighthouse is installed or can be installed now."""
    if shutil.which("npm") is None:
        return False
    try:
        install()
    except subprocess.CalledProcessError:
        return False
    return True


def install() -> None:
    """Install Lighthouse, unless VERSION is installed."""
    package = PROGRAM.parents[1] / "package.json"
    if package.exists() and json.loads(package.read_text())["version"] == VERSION:
        return
    command = [needed("npm"), "install", "--prefix", str(HOME), "--ignore-scripts"]
    command += ["--no-audit", "--no-fund", "--loglevel=error", f"lighthouse@{VERSION}"]
    subprocess.run(command, check=True)


def cookies(client: Any) -> str:
    """Return the Cookie header of a signed-in client."""
    session = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    return f"{session.key}={session.value}"


def pages(app: Any, clock: Clock) -> dict[str, tuple[str, str]]:
    """Return the path and the Cookie header of each page, by name."""
    make_customer(app, "bob", "bob@example.org", PASSWORD)
    alice, bob, beginner = (app.test_client() for _ in range(3))
    sign_in(alice, "alice", PASSWORD)
    enrol(alice, clock, PASSWORD)
    sign_in(bob, "bob", PASSWORD)
    sign_in(beginner, "bob", PASSWORD)
    submit(
        beginner,
        f"{TWOFACTOR}/activate",
        {"password": PASSWORD, "choice": "mine", "areas": ["password"]},
    )
    return {
        "sign-in": ("/login", ""),
        "security": ("/security/", cookies(alice)),
        "preferences": (f"{TWOFACTOR}/", cookies(alice)),
        "wizard-1": (f"{TWOFACTOR}/activate", cookies(bob)),
        "wizard-2": (f"{TWOFACTOR}/activate", cookies(beginner)),
    }


def look(name: str, url: str, cookie: str) -> dict[str, Any]:
    """Return the Lighthouse report on a page."""
    report = HOME / "reports" / f"{name}.json"
    report.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as headers:
        json.dump({"Cookie": cookie} if cookie else {}, headers)
        headers.flush()
        command = [needed("node"), str(PROGRAM), url, "--quiet", "--no-enable-error-reporting"]
        command += ["--output=json", f"--output-path={report}", f"--chrome-flags={FLAGS}"]
        command += [f"--only-categories={','.join(WANTED)}", f"--extra-headers={headers.name}"]
        command += ["--disable-full-page-screenshot"]
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium()})
    found: dict[str, Any] = json.loads(report.read_text())
    if found["finalDisplayedUrl"] != url:
        sys.exit(f"{name}: led to {found['finalDisplayedUrl']} instead of {url}")
    return found


def lacking(report: dict[str, Any], category: str) -> list[str]:
    """Return the titles of the audits that lost points."""
    weighed = [ref["id"] for ref in report["categories"][category]["auditRefs"] if ref["weight"]]
    audits = (report["audits"][name] for name in weighed)
    return [audit["title"] for audit in audits if audit["score"] not in (1, None)]


def main() -> None:
    """Check each page; exit with status 1 if a score is below WANTED."""
    logging.disable(logging.CRITICAL)
    if sys.argv[1:] == ["--if-possible"] and not can_be_installed():
        print("Lighthouse can't be installed here: nothing was looked at")
        return
    install()
    began, failed = time.monotonic(), False
    clock = Clock(START)
    print(f"{'':14}{''.join(f'{category:>16}' for category in WANTED)}")
    with portal(clock, TWOFACTOR_RP_ID="localhost") as (app, base):
        for name, (path, cookie) in pages(app, clock).items():
            report = look(name, base + path, cookie)
            scores = {each: round(100 * report["categories"][each]["score"]) for each in WANTED}
            print(f"{name:14}{''.join(f'{scores[each]:>16}' for each in WANTED)}", flush=True)
            for category, least in WANTED.items():
                if scores[category] < least:
                    failed = True
                    print(f"  {category}: {'; '.join(lacking(report, category))}")
    print(f"{time.monotonic() - began:.0f} s; reports in build/lighthouse/reports/")
    sys.exit(failed)


if __name__ == "__main__":
    main()
