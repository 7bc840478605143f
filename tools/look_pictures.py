"""Take pictures of the pages in hosts of other looks: Bootstrap 5, light and dark, and none.

`python -m tools.look_pictures` renews docs/pictures/looks/; `--all` also takes phones and further
pages, into build/pictures/looks/. The hosts are two of the examples.
"""

import argparse
import importlib.util
import logging
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from portal.twofactor.testing import TwoFactorTesting
from tests.support import two_names
from tests.support.browser import ARGUMENTS, chromium

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures" / "looks"
REST = ROOT / "build" / "pictures" / "looks"
# Name of the pictures, example, theme of Bootstrap, what the browser prefers.
LOOKS = [
    ("bootstrap", "bootstrap", "light", "light"),
    ("bootstrap-dark", "bootstrap", "dark", "dark"),
    ("plain", "minimal", "", "light"),
    ("plain-dark", "minimal", "", "dark"),
]
SIZES = {"desktop": (1100, 700), "phone": (375, 700)}
KEPT = {"preferences-desktop", "dialog-desktop", "deactivate-desktop", "activate-1-phone"}
MOUNT = "/two-factor"


@contextmanager
def example(name: str, theme: str) -> Iterator[tuple[Flask, str]]:
    """Serve an example on a database of its own; yield it and its address."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLASK_SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder}/look.sqlite"
        os.environ["FLASK_THEME"] = theme
        path = ROOT / "examples" / name / "app.py"
        spec = importlib.util.spec_from_file_location("app", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        app: Flask = module.app
        app.root_path = str(path.parent)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield app, f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()


def take(page: Page, look: str, name: str, size: str, *, all_: bool, whole: bool = True) -> None:
    """Take a picture of this page; most are only taken with `--all`."""
    kept = f"{name}-{size}" in KEPT
    if kept or all_:
        folder = FOLDER if kept else REST
        folder.mkdir(parents=True, exist_ok=True)
        page.mouse.move(0, 0)
        path = folder / f"{look}-{name}-{size}.png"
        page.screenshot(path=path, full_page=whole, animations="disabled", scale="css")


def walk(browser: Browser, look: str, app: Flask, url: str, scheme: str, *, all_: bool) -> None:
    """Go through the pages as Ada, and take pictures of them."""
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
        )
        page = context.new_page()

        def picture(name: str, *, whole: bool = True, page: Page = page, size: str = size) -> None:
            take(page, look, name, size, all_=all_, whole=whole)

        page.goto(f"{url}/sign-in")
        page.locator("[name=name]").fill("ada")
        page.locator("[name=password]").fill("lovelace")
        page.locator("button, [type=submit]").first.click()
        page.goto(f"{url}{MOUNT}/")
        picture("preferences-off")
        page.goto(f"{url}{MOUNT}/activate")
        page.get_by_label("Let me choose").check()
        picture("activate-1")
        page.get_by_label("Everything").check()
        page.locator("[name=password]").fill("wrong")
        page.get_by_role("button", name="Continue").click()
        picture("activate-1-wrong")
        page.locator("[name=password]").fill("lovelace")
        page.get_by_role("button", name="Continue").click()
        page.locator("#twofactor-qr").wait_for()
        picture("activate-2")
        testing = TwoFactorTesting(app)
        with app.app_context():
            user = app.extensions["twofactor"].host.user_of("ada")
            phone = testing.enrol(user)
        page.goto(f"{url}/")
        page.locator("[name=note]").fill("Water the plants")
        page.get_by_role("button", name=re.compile("^(Save|Send)$")).click()
        page.locator("dialog[open]").wait_for()
        picture("dialog", whole=False)
        page.get_by_role("button", name="Confirm").click()
        picture("dialog-wrong", whole=False)
        page.goto(f"{url}{MOUNT}/")
        picture("preferences")
        page.goto(f"{url}{MOUNT}/deactivate")
        page.locator("[name=code]").fill(phone.wrong_code())
        page.get_by_role("button", name="Deactivate").click()
        picture("deactivate")
        page.goto(f"{url}{MOUNT}/help")
        picture("help")
        page.goto(f"{url}{MOUNT}/deactivate")
        if page.locator("[name=password]").count():
            page.locator("[name=password]").fill("lovelace")
        page.locator("[name=code]").fill(phone.code())
        page.get_by_role("button", name="Deactivate").click()
        picture("deactivated")
        testing.restore()
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    two_names.install()  # the examples import `flask_twofactor`
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for look, name, theme, scheme in LOOKS:
            with example(name, theme) as (app, url):
                walk(browser, look, app, url, scheme, all_=options.all)
        browser.close()


if __name__ == "__main__":
    main()
