"""A person with a browser and a phone, who reads pages, fills in fields and presses buttons."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    Route,
    expect,
)

from .clock import Clock
from .codes import oathtool, wrong_code

# Generous, so that a busy machine fails no test; only failing tests take this long.
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Colours are measured where their transitions end, not half-way.
FINISHED = """() => document.getAnimations().forEach(
  (each) => each instanceof CSSTransition && each.finish())"""
# What is wrong, and no more: the report of what is right takes longer to hand over than to write.
AXE_RUN = """async (options) => (await axe.run(options)).violations.map(({id, help, nodes}) =>
  `${id}: ${help}: ${JSON.stringify(nodes.map(({html}) => html.slice(0, 160)))}`)"""
# Nothing can be pressed before a page has loaded, since its scripts would not hear of it: without
# them it works in other ways, which the looks without scripts show. `document.open` begins anew.
PRESSED_LATER = """(() => {
  const still = new CSSStyleSheet();
  still.replaceSync("* { pointer-events: none !important }");
  const wait = () => {
    document.adoptedStyleSheets = [still];
    addEventListener("load", () => (document.adoptedStyleSheets = []), { once: true });
  };
  const open = document.open;
  document.open = (...all) => {
    const opened = open.apply(document, all);
    wait();
    return opened;
  };
  wait();
})()"""
# Chromium logs each page with such a status on the console; these are part of the contract.
_ASKED = re.compile(
    r"Failed to load resource: the server responded with a status of (403|409|429) "
)


def needed(*programs: str) -> str:
    """The path of the first of these programs; without any, skip the test, or fail in CI."""
    for program in programs:
        path = shutil.which(program)
        if path:
            return path
    if os.environ.get("CI"):
        pytest.fail(f"{programs[0]} is missing; CI must have it")
    pytest.skip(f"{programs[0]} is not installed")


def chromium() -> str:
    """The path of Chromium; the headless one opens pages in a third of the time."""
    return needed("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Look:
    """The scripts and the window size with which pages are viewed."""

    scripts: bool
    width: int
    height: int

    def __str__(self) -> str:
        size = "phone" if self.width < 600 else "desktop"
        return f"{'scripts' if self.scripts else 'plain'}-{size}"


LOOKS = [Look(scripts, *size) for scripts in (True, False) for size in ((1280, 900), (360, 740))]


class Watch:
    """A record of everything that a page does wrong."""

    def __init__(self, context: Any, base: str) -> None:
        self.host = urlsplit(base).netloc
        self.requests: list[str] = []
        self.faults: list[str] = []
        context.on("request", lambda request: self._request(request.url))
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))

    def _request(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.host:
            self.faults.append(f"request to another host: {url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} from {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        text = message.text
        if _ASKED.match(text):
            return
        if message.type == "error" or "Content Security Policy" in text:
            self.faults.append(f"console: {text}")

    def overlook(self, logged: str) -> None:
        """Drop the messages of the console that match, and were expected."""
        expected = re.compile(f"console: ({logged})")
        self.faults[:] = [fault for fault in self.faults if not expected.match(fault)]


class Person:
    """A browser context with a page, and a phone."""

    def __init__(self, browser: Browser, base: str, clock: Clock, look: Look, **options: Any):
        self.base, self.clock, self.look = base, clock, look
        self._browser = browser
        self.secret = ""
        self.recovery_code = ""
        self.color_scheme = options.get("color_scheme", "light")
        self.context = browser.new_context(
            base_url=base,
            java_script_enabled=look.scripts,
            viewport={"width": look.width, "height": look.height},
            device_scale_factor=2 if look.width < 600 else 1,
            **({"locale": "en-GB"} | options),
        )
        self.context.set_default_timeout(PATIENCE)
        if look.scripts:
            self.context.add_init_script(PRESSED_LATER)
        self.watch = Watch(self.context, base)
        self.page: Page = self.context.new_page()

    def check(self) -> None:
        """Fail if anything went wrong unnoticed."""
        assert not self.watch.faults, "\n".join(self.watch.faults)

    # -- pages ---------------------------------------------------------------------------------

    def open(self, path: str) -> Response | None:
        return self.page.goto(path)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible()
        self.page.wait_for_load_state("load")

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(f"^{re.escape(self.base + path)}([?#].*)?$"))

    def field(self, label: str, within: Page | Locator | None = None) -> Locator:
        return (within or self.page.locator("main")).get_by_label(label, exact=True)

    def fill(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def press(self, name: str, within: Page | Locator | None = None) -> None:
        (within or self.page.locator("main")).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.page.locator("main").get_by_role("link", name=name).first.click()

    def use(self, name: str) -> None:
        """Press the button or follow the link of that name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        self.page.get_by_role("link", name=name, exact=True).or_(button).first.click()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog", name="Two-factor authentication")

    # -- the phone -----------------------------------------------------------------------------

    def code(self) -> str:
        """Return the phone's current code."""
        return oathtool(self.secret, self.clock())

    def next_code(self) -> str:
        """Return the phone's next code, after moving the clock on."""
        self.clock.advance()
        return self.code()

    def scan(self, folder: Path) -> str:
        """Photograph the QR code on the screen and read it."""
        picture = folder / "qr.png"
        self.page.locator("#twofactor-qr").screenshot(path=picture)
        command = [needed("zbarimg"), "--raw", "--quiet", "--nodbus", str(picture)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"zbarimg read nothing from {picture}: {done.stderr}"
        return done.stdout.strip()

    # -- two-factor authentication ---------------------------------------------------------------

    def sign_in(self, name: str, password: str, path: str = "/login") -> None:
        self.open(path)
        self.fill("User name or e-mail address", name)
        self.fill("Password", password)
        self.press("Sign in")

    def asked(self) -> Locator:
        """Check that the challenge is there, and its code field suits a phone's keyboard."""
        expect(self.dialog).to_be_visible()
        code = self.dialog.locator("input[autocomplete='one-time-code']")
        expect(code).to_be_visible()
        self.page.wait_for_load_state("load")
        assert code.get_attribute("type") == "text"
        assert code.get_attribute("inputmode") == "numeric"
        return code

    def begin_password_change(self, password: str) -> None:
        """Fill in the form and send it, so that it asks for the code."""
        self.open("/security/password")
        self.fill("Current password", password)
        self.fill("New password", "a-brand-new-lantern-77")
        self.fill("Repeat new password", "a-brand-new-lantern-77")
        self.press("Save")
        self.asked()

    def answer(self, code: str) -> None:
        """Type a code into the challenge and confirm it."""
        self.asked().fill(code)
        self.press("Confirm", self.dialog)

    def lose_the_phone(self) -> None:
        """Say in the dialog that the phone is lost."""
        self.dialog.locator("summary").first.click()
        self.press("I've lost my phone", self.dialog)

    def leave_the_dialog(self) -> None:
        """Go from the dialog to the challenge page, which keeps the form."""
        if self.look.scripts:
            self.lose_the_phone()
        expect(self.page.locator("input[name='twofactor_pending']")).to_be_attached()

    def change_email_with_a_wrong_code(self, password: str, email: str) -> None:
        """Fill in the form and answer wrongly on the challenge page."""
        self.open("/security/email")
        self.fill("Current password", password)
        self.fill("New e-mail address", email)
        self.press("Save")
        self.asked()
        expect(self.page.locator("input[name='twofactor_pending']")).to_be_attached()
        self.answer(wrong_code(self.secret, self.clock()))
        self.sees("is wrong")

    def tick_saved(self) -> None:
        """Say that the recovery code is printed or saved."""
        self.field("I have printed or saved my recovery code").check()

    def state(self) -> str:
        """Return ``on`` or ``off``, as the preferences page says."""
        self.open("/security/two-factor/")
        return self.page.locator("#twofactor-status").get_attribute("data-state") or ""

    # -- what holds on every page ----------------------------------------------------------------

    def inspect(self) -> None:
        """Check with axe, and that nothing scrolls sideways, even at 320 pixels."""
        self.page.wait_for_load_state("load")  # the address changes before the page has loaded
        self.fits()
        findings = self._axe(self.page) if self.look.scripts else self._axe_beside()
        assert not findings, f"{self.page.url}: {findings}"

    def contrast(self) -> None:
        """Check the contrast alone, where the rest was checked in other colours."""
        self.page.wait_for_load_state("load")
        findings = self._axe(self.page, ["color-contrast"])
        assert not findings, f"{self.page.url}: {findings}"

    def fits(self, narrow: int = 320) -> None:
        """Check that the page fits the window, and one of 320 pixels (WCAG 1.4.10)."""
        self.page.wait_for_load_state("load")  # the address changes before the page is there
        self._fits(self.look.width)
        if narrow != self.look.width:
            with self.window(narrow):
                self._fits(narrow)

    def _fits(self, width: int) -> None:
        scrolled = self.page.evaluate("document.documentElement.scrollWidth")
        assert scrolled <= width, f"{self.page.url} is {scrolled} px wide in {width} px"

    @contextmanager
    def window(self, width: int) -> Iterator[None]:
        """Look at the page in a window of another width meanwhile."""
        self.page.set_viewport_size({"width": width, "height": self.look.height})
        yield
        self.page.set_viewport_size({"width": self.look.width, "height": self.look.height})

    def _axe(self, page: Page, rules: list[str] = RULES) -> list[str]:
        page.evaluate(FINISHED)
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        found: list[str] = page.evaluate(AXE_RUN, options)
        return found

    def _axe_beside(self) -> list[str]:
        """Run axe on the same bytes in a page with scripts, for contexts without."""
        url, html = self.page.url.partition("#")[0], self.page.content()
        page = _page_beside(self._browser)
        page.set_viewport_size({"width": self.look.width, "height": self.look.height})
        page.emulate_media(color_scheme=self.color_scheme)
        page.route("**/*", lambda route: _replay(route, url, html))
        try:
            page.goto(url)
            return self._axe(page)
        finally:
            page.unroute_all()


@cache
def _page_beside(browser: Browser) -> Page:
    return browser.new_context().new_page()


def _replay(route: Any, url: str, html: str) -> None:
    if route.request.url == url:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")
    elif route.request.resource_type == "script":
        route.abort()
    else:
        route.continue_()


class Held:
    """A script that is held back each time it is asked for, as on a slow line."""

    def __init__(self, page: Page, script: str) -> None:
        self._page, self._routes = page, list[Route]()
        page.route(f"**/{script}", self._hold)

    def _hold(self, route: Route) -> None:
        self._routes.append(route)

    def wait(self) -> None:
        """Wait until it is asked for."""
        for _ in range(PATIENCE // 25):
            if self._routes:
                return
            self._page.wait_for_timeout(25)
        raise AssertionError("nobody asked for the script")

    def arrive(self) -> None:
        """Let it through once."""
        self.wait()
        self._routes.pop().continue_()


def until(page: Page, expression: str) -> None:
    """Wait for an expression to be true on a page.

    Playwright's `wait_for_function` evaluates it in the page from the second time on, which the
    Content-Security-Policy refuses.
    """
    for _ in range(PATIENCE // 25):
        with suppress(Error):  # the page may go while it is asked
            if page.evaluate(expression):
                return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression}")
