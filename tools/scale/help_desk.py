"""The pages of the help desk, for an agent who looks at one customer after the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from flask.testing import FlaskClient

from portal.twofactor.testing import Phone
from tests.support.forms import find_form

from .expected import expect

DESK = "/help-desk"


class Agent:
    """An agent, signed in.

    Args:
        measured: records the request that is sent within, by its name.
        client: the agent's browser.
        phone: the agent's app.
    """

    def __init__(
        self,
        measured: Callable[[str], AbstractContextManager[None]],
        client: FlaskClient,
        phone: Phone,
    ) -> None:
        self._measured, self._client, self._phone = measured, client, phone

    def look(self, number: int) -> None:
        """Look at the pages, and at the customer with a number.

        The pages have closed since the last time, so a code opens them first.
        """
        client = self._client
        asked = client.get(f"{DESK}/")
        expect(asked, 403)
        form = find_form(asked.text, "code")
        expect(client.post(form.action, data=form.filled({"code": self._phone.code()})), 303)
        with self._measured("help desk, first page"):
            front = client.get(f"{DESK}/")
        expect(front, 200)
        typed = find_form(front.text, "person").filled({"person": f"user{number}@example.org"})
        with self._measured("help desk, find by address"):
            found = client.post(f"{DESK}/", data=typed)
        expect(found, 303)
        with self._measured("help desk, a customer"):
            page = client.get(found.location)
        expect(page, 200)
        with self._measured("help desk, figures of 52 weeks"):
            figures = client.get(f"{DESK}/figures?weeks=52")
        expect(figures, 200)
