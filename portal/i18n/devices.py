"""Browsers and systems in words, from the header `User-Agent`; the library knows their names."""

from functools import lru_cache

LONGEST = 300  # characters; sessions store no more
# Names of the library for what people know by another one.
_BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "HeadlessChrome": "Chrome",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
}
_SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}


@lru_cache(maxsize=1024)
def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Return the names of the browser and of the system or phone, each empty if unknown."""
    from ua_parser import parse_device, parse_os, parse_user_agent  # 30 ms, for few pages

    told = user_agent[:LONGEST]
    browser, system = parse_user_agent(told), parse_os(told)
    name = browser.family if browser else ""
    runs_on = system.family if system else ""
    if runs_on == "iOS":
        device = parse_device(told)
        runs_on = device.family if device and device.family in ("iPad", "iPhone") else "iPhone"
    return _BROWSERS.get(name, name), _SYSTEMS.get(runs_on, runs_on)
