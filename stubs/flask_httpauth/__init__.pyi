"""The types of Flask-HTTPAuth 4.8 as far as an example uses it."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

class HTTPAuth:
    def login_required(self, f: F) -> F: ...
    def error_handler(self, f: F) -> F: ...
    def current_user(self) -> Any: ...

class HTTPBasicAuth(HTTPAuth):
    def verify_password(self, f: F) -> F: ...

class HTTPTokenAuth(HTTPAuth):
    def verify_token(self, f: F) -> F: ...
