"""Templates compiled once for the run, though each test has its own app.

Those that are written in a test are among them. An eighth of the time of a page's test went here.
"""

from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

_codes: dict[object, Any] = {}
_compile = Environment.compile


def _compiled(
    self: Environment,
    source: Any,
    name: str | None = None,
    filename: str | None = None,
    raw: bool = False,
    defer_init: bool = False,
) -> Any:
    """Return the code of an equal source in an equal environment."""
    if not isinstance(source, str):
        return _compile(self, source, name, filename, raw, defer_init)
    key = (source, name, filename, raw, defer_init, *_of(self, name))
    if key not in _codes:
        _codes[key] = _compile(self, source, name, filename, raw, defer_init)
    return _codes[key]


def _of(environment: Environment, name: str | None) -> tuple[object, ...]:
    """Return what the code depends on besides; the compiler calls filters and tests of constants.

    A function in a function counts as the same in each application. Those of ours that give each
    host something else mark the source, which a host's cache of compiled templates needs, too.
    """
    escape = environment.autoescape
    return (
        type(environment),
        environment.lexer,  # Jinja has one for equal delimiters
        environment.is_async,
        environment.optimized,
        environment.finalize,
        escape(name) if callable(escape) else escape,
        getattr(environment, "newstyle_gettext", None),
        tuple(sorted(environment.extensions)),
        _codes_of(environment.filters),
        _codes_of(environment.tests),
    )


def _codes_of(functions: dict[str, Any]) -> frozenset[tuple[str, object]]:
    return frozenset((name, getattr(made, "__code__", made)) for name, made in functions.items())


def compile_once() -> None:
    """Compile no template a second time in this process."""
    Environment.compile = _compiled  # type: ignore[method-assign,assignment]  # replaced for all tests; mypy sees a method


class CompiledTemplates(BytecodeCache):
    """A cache as hosts may give several applications, in memory."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code
