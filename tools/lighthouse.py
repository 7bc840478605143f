"""Check the most important pages with Lighthouse; fail if a score is below WANTED.

`make lighthouse` installs it from npm into build/lighthouse, which needs Node, and runs it in the
system's Chromium with its defaults: a slow phone in a slow network. The reports stay in
build/lighthouse/reports. With `--if-possible`, as in CI, the check is skipped on a machine that
can't install it.

`ARGS=--all` looks at every page of the walk, prints when each is painted and answers, with the
weight of its scripts and style sheets, and writes build/pages.json, which
`python -m tools.performance --pages build/pages.json` puts into docs/performance.md.
"""

import argparse
import gzip
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
from urllib.parse import urlsplit

from tests.support.browser import chromium, needed
from tests.support.clock import START, Clock
from tools import walked
from tools.pictures import portal

# The last version for Node 20.
VERSION = "12.8.2"
HOME = Path(__file__).resolve().parents[1] / "build" / "lighthouse"
PROGRAM = HOME / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGES = HOME.parent / "pages.json"
WANTED = {"accessibility": 100, "best-practices": 100, "performance": 95}
# Milliseconds on the slow phone, as they are called in docs/performance.md.
PAINTED = {
    "first paint": "first-contentful-paint",
    "largest paint": "largest-contentful-paint",
    "blocked": "total-blocking-time",
    "can be used": "interactive",
}
WEIGHED = {"Script": "scripts", "Stylesheet": "styles"}
LOGGED = "Browser errors were logged to the console"
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


def look(name: str, url: str, cookie: str) -> dict[str, Any]:
    """Return the Lighthouse report on a page."""
    report = HOME / "reports" / f"{name.replace(' ', '-')}.json"
    report.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as headers:
        json.dump({"Cookie": cookie} if cookie else {}, headers)
        headers.flush()
        command = [needed("node"), str(PROGRAM), url, "--quiet", "--no-enable-error-reporting"]
        command += ["--output=json", f"--output-path={report}", f"--chrome-flags={FLAGS}"]
        command += [f"--only-categories={','.join(WANTED)}", f"--extra-headers={headers.name}"]
        # The challenge page has the status 403, which a browser logs as an error.
        command += ["--disable-full-page-screenshot", "--ignore-status-code"]
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium()})
    found: dict[str, Any] = json.loads(report.read_text())
    if found["finalDisplayedUrl"] != url:
        sys.exit(f"{name}: led to {found['finalDisplayedUrl']} instead of {url}")
    if status_of(found) not in {200, 403}:
        sys.exit(f"{name}: status {status_of(found)}")
    return found


def status_of(report: dict[str, Any]) -> int:
    """Return the HTTP status of the page."""
    status: int = report["audits"]["network-requests"]["details"]["items"][0]["statusCode"]
    return status


def lacking(report: dict[str, Any], category: str) -> list[str]:
    """Return the titles of the audits that lost points."""
    weighed = [ref["id"] for ref in report["categories"][category]["auditRefs"] if ref["weight"]]
    audits = (report["audits"][name] for name in weighed)
    return [audit["title"] for audit in audits if audit["score"] not in (1, None)]


def weights(app: Any, report: dict[str, Any]) -> dict[str, dict[str, list[int]]]:
    """Return the bytes of each script and style sheet of a page, plain and with gzip."""
    found: dict[str, dict[str, list[int]]] = {name: {} for name in WEIGHED.values()}
    client = app.test_client()
    for request in report["audits"]["network-requests"]["details"]["items"]:
        if request["resourceType"] in WEIGHED:
            path = urlsplit(request["url"]).path
            content = client.get(path).data
            sizes = [len(content), len(gzip.compress(content, mtime=0))]
            found[WEIGHED[request["resourceType"]]][path.rpartition("/")[2]] = sizes
    return found


def of_page(app: Any, name: str, report: dict[str, Any]) -> dict[str, Any]:
    """Return what build/pages.json says of a page."""
    audits = report["audits"]
    return {
        "name": name,
        "scores": {each: round(100 * report["categories"][each]["score"]) for each in WANTED},
        "milliseconds": {
            label: round(audits[audit]["numericValue"]) for label, audit in PAINTED.items()
        },
        **weights(app, report),
    }


def main() -> None:
    """Check the pages; exit with status 1 if a score is below WANTED."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--if-possible", action="store_true", help="if it can be installed")
    parser.add_argument("--all", action="store_true", help="every page of the walk; 10 minutes")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.if_possible and not can_be_installed():
        print("Lighthouse can't be installed here: nothing was looked at")
        return
    install()
    began, failed, found = time.monotonic(), False, []
    clock = Clock(START)
    print(f"{'':30}{''.join(f'{label:>16}' for label in (*WANTED, *PAINTED))}")
    with portal(clock, TWOFACTOR_RP_ID="localhost") as (app, base):
        walk = walked.every if options.all else walked.few
        for name, path, cookie in walk(app, clock):
            report = look(name, base + path, cookie)
            page = of_page(app, name, report)
            found.append(page)
            figures = (*page["scores"].values(), *page["milliseconds"].values())
            print(f"{name:30}{''.join(f'{figure:>16}' for figure in figures)}", flush=True)
            for category, least in WANTED.items():
                missing = lacking(report, category) if page["scores"][category] < least else []
                if missing and not (status_of(report) == 403 and missing == [LOGGED]):
                    failed = True
                    print(f"  {category}: {'; '.join(missing)}")
    if options.all:
        PAGES.write_text("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n", encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s; reports in build/lighthouse/reports/")
    sys.exit(failed)


if __name__ == "__main__":
    main()
