"""A host with a help desk and its agents; alice is a user who needs help."""

from typing import Any

import pytest
from flask import current_app

from tests.twofactor.person import Person

from .desk import CHECKLIST, RIGHTS, Agent


def find_user(name: str) -> Any:
    app: Any = current_app
    return app.db.session.query(app.User).filter_by(username=name).one_or_none()


def user_label(key: str) -> str:
    app: Any = current_app
    user = app.db.session.get(app.User, key)
    return user.username if user else key


@pytest.fixture
def config() -> dict[str, Any]:
    return {"options": {"find_user": find_user, "user_label": user_label}}


@pytest.fixture
def desk_options() -> dict[str, Any]:
    """Override to give the help desk other options."""
    return {}


@pytest.fixture
def host(host: Any, desk_options: dict[str, Any]) -> Any:
    options = {"may": lambda user: RIGHTS.get(user.username), "checklist": CHECKLIST}
    host.twofactor.help_desk(host, **(options | desk_options))
    return host


@pytest.fixture
def agent(host: Any, clock: Any) -> Any:
    """Return an agent, signed in, with an app and the help desk open."""

    def make(name: str = "bob") -> Agent:
        found = Agent(Person(host, clock, name))
        found.begin()
        return found

    return make


@pytest.fixture
def bob(agent: Any) -> Agent:
    return agent("bob")
