"""Count the files that handle a code, and the moves between them: in the portal and its blueprint.

`python -m tools.journeys` sends the four requests that use a code and traces their calls of Python
functions in `portal/`. A move is a call in a different file from the call before it. Looking up
sentences (`language.py`, `catalogue.py`) and writing the log are not counted. The figures of the
blueprint leave out every call outside `portal/twofactor/`. Another customer sends the same requests
first, so that nothing is imported, compiled or cached for the first time.

The figures are exact: the same code gives the same numbers. The first release had 35, 42, 41 and 40
files in the whole portal, and 95, 134, 155 and 136 moves.
"""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, cast

from portal import create_app
from portal.extensions import db
from portal.twofactor.testing import Phone, TwoFactorTesting
from tests.support.clock import Clock
from tests.support.customers import make_customer
from tests.support.enrol import TWOFACTOR, sign_in
from tests.support.forms import find_form

PORTAL = Path(__file__).resolve().parents[1] / "portal"
BLUEPRINT = "twofactor/"
SENTENCES = ("language.py", "catalogue.py")
PASSWORD = "plum-coffee-lantern-42"  # noqa: S105 - of a made-up customer
NEW = "a-brand-new-lantern-77"


@dataclass(frozen=True)
class Journey:
    """The calls of one request.

    Args:
        name: the name of the journey.
        calls: the file of each call, in order, relative to `portal/`.
    """

    name: str
    calls: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        """The files with a call, sorted."""
        return sorted(set(self.calls))

    @property
    def moves(self) -> Counter[tuple[str, str]]:
        """The number of moves for each pair of files."""
        return Counter(pair for pair in pairwise(self.calls) if pair[0] != pair[1])

    @property
    def blueprint(self) -> "Journey":
        """The same journey without the calls outside the blueprint."""
        return Journey(self.name, tuple(file for file in self.calls if file.startswith(BLUEPRINT)))

    @property
    def figures(self) -> tuple[int, int]:
        """The number of files and the number of moves."""
        return len(self.files), self.moves.total()


def traced(name: str, work: Callable[[], Any]) -> Journey:
    """Return the journey of a request.

    Args:
        name: the name of the journey.
        work: sends the request; the response must be a redirect (303), which means success.
    """
    calls: list[str] = []
    root = f"{PORTAL}/"

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(root) and not file.endswith(SENTENCES):
            calls.append(file.removeprefix(root))

    sys.setprofile(note)
    try:
        answer = work()
    finally:
        sys.setprofile(None)
    if answer.status_code != 303:
        raise AssertionError(f"{name}: {answer.status_code} instead of 303")
    return Journey(name, tuple(calls))


def journeys() -> list[Journey]:
    """Return the four journeys of a customer with every area on."""
    logging.disable(logging.CRITICAL)
    try:
        with portal() as (app, kit):
            walked_by(app, kit, "warm")
            return walked_by(app, kit, "alice")
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def portal() -> Iterator[tuple[Any, TwoFactorTesting]]:
    """Yield a portal with an empty database in a temporary folder, and its test kit."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                "TESTING": True,
                "SECRET_KEY": "only-for-journeys-" * 3,
                "INSTANCE_PATH": folder,
                "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/journeys.sqlite",
                "PASSWORD_COST": 4,
                "TWOFACTOR_RECOVERY_COST": 4,
                "CLOCK": clock,
            }
        )
        with app.app_context():
            db.create_all()
        # Not the kit's clock: it is in `portal/`, so its calls would be counted.
        yield app, TwoFactorTesting(app, cast(Any, clock))
        with app.app_context():
            db.engine.dispose()


def walked_by(app: Any, kit: TwoFactorTesting, name: str) -> list[Journey]:
    """Return the journeys of a new customer."""
    phone = kit.enrol(make_customer(app, name, f"{name}@example.org", PASSWORD))
    client = app.test_client()
    sign_in(client, name, PASSWORD)
    found = [
        traced("second step", sending(client, f"{TWOFACTOR}/sign-in", code=phone.code())),
        traced("guarded action", changing_password(client, phone)),
        traced("fewer areas", fewer_areas(client, phone)),
    ]
    elsewhere = app.test_client()
    sign_in(elsewhere, name, NEW)
    code = phone.recovery_code
    sent = sending(elsewhere, f"{TWOFACTOR}/sign-in", page="?recovery=1", code=code)
    return [*found, traced("recovery", sent)]


def sending(client: Any, path: str, page: str = "", **fields: Any) -> Callable[[], Any]:
    """Open a page and return the function that sends its form.

    Args:
        client: the browser.
        path: the path of the form.
        page: the query of the page.
        fields: the values to fill in; any form may have `twofactor_code`.
    """
    typed = {key: value for key, value in fields.items() if key != "twofactor_code"}
    form = find_form(client.get(path + page).text, *typed).filled(fields)
    return lambda: client.post(path, data=form)


def changing_password(client: Any, phone: Phone) -> Callable[[], Any]:
    """Return the request that changes the password, with the code in the same form."""
    words = {"current_password": PASSWORD, "new_password": NEW, "repeat_password": NEW}
    return sending(client, "/security/password", **words, twofactor_code=phone.code())


def fewer_areas(client: Any, phone: Phone) -> Callable[[], Any]:
    """Return the request that turns off every area but sign-in."""
    return sending(client, f"{TWOFACTOR}/", areas=["sign_in"], twofactor_code=phone.code())


def main() -> None:
    """Print the figures; `--files` adds the files, `--moves` the most frequent moves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", action="store_true", help="the files of each journey")
    parser.add_argument("--moves", type=int, default=0, metavar="N", help="the N commonest moves")
    options = parser.parse_args()
    for journey in journeys():
        whole, blueprint = journey.figures, journey.blueprint.figures
        print(
            f"{journey.name}: {whole[0]} files, {whole[1]} moves;"
            f" in the blueprint alone {blueprint[0]} files, {blueprint[1]} moves"
        )
        if options.files:
            counts = Counter(journey.calls)
            for file in journey.files:
                print(f"    {counts[file]:3} calls  {file}")
        for (before, after), count in journey.moves.most_common(options.moves):
            print(f"    {count:3} moves  {before} -> {after}")


if __name__ == "__main__":
    main()
