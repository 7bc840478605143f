# What we use of Flask-Login 0.6, which ships no types of its own.
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from blinker import NamedSignal
from flask import Flask

_View = TypeVar("_View", bound=Callable[..., Any])
_Unauthorized = TypeVar("_Unauthorized", bound=Callable[[], Any])
_Loader = TypeVar("_Loader", bound=Callable[[str], Any])

current_user: Any  # a LocalProxy to the host's own class of users
COOKIE_DURATION: timedelta
COOKIE_NAME: str
user_loaded_from_cookie: NamedSignal
user_loaded_from_request: NamedSignal
user_logged_in: NamedSignal
user_logged_out: NamedSignal

class UserMixin:
    @property
    def is_active(self) -> bool: ...
    @property
    def is_authenticated(self) -> bool: ...
    @property
    def is_anonymous(self) -> bool: ...
    def get_id(self) -> str: ...

class LoginManager:
    login_view: str | None
    session_protection: str | None
    def __init__(self, app: Flask | None = None, add_context_processor: bool = True) -> None: ...
    def init_app(self, app: Flask, add_context_processor: bool = True) -> None: ...
    def user_loader(self, callback: _Loader) -> _Loader: ...
    def unauthorized(self) -> Any: ...
    def unauthorized_handler(self, callback: _Unauthorized) -> _Unauthorized: ...
    def _load_user_from_remember_cookie(self, cookie: str) -> Any: ...
    def _update_remember_cookie(self, response: Any) -> Any: ...

def login_url(login_view: str, next_url: str | None = None, next_field: str = "next") -> str: ...
def login_required(func: _View) -> _View: ...
def login_user(
    user: Any,
    remember: bool = False,
    duration: timedelta | None = None,
    force: bool = False,
    fresh: bool = True,
) -> bool: ...
def logout_user() -> bool: ...
