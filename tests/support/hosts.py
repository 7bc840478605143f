"""Hosts whose options change while they run."""

from dataclasses import replace
from typing import Any

from flask import Flask


def change_options(app: Flask, **options: Any) -> None:
    """Give an application other options of `init_app` than it was set up with."""
    state = app.extensions["twofactor"]
    app.extensions["twofactor"] = replace(state, host=replace(state.host, **options))
