"""URL rules compiled once for the run, though each test has its own app: half the time of one."""

from typing import Any

from werkzeug.routing import Rule

_builders: dict[object, Any] = {}
_compile_builder = Rule._compile_builder


def _compiled(rule: Rule, append_unknown: bool = True) -> Any:
    """Return the builder of an equal rule, to which Werkzeug binds each rule of its own."""
    if rule.defaults:
        return _compile_builder(rule, append_unknown)
    key = (rule.rule, append_unknown, tuple(rule._trace))
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


def compile_once() -> None:
    """Compile no rule a second time in this process."""
    Rule._compile_builder = _compiled  # type: ignore[method-assign]  # replaced for all tests; mypy sees a method
