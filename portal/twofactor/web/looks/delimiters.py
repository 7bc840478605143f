"""Our templates with the delimiters of the host's Jinja.

A host whose pages use Vue or Angular, which read `{{` themselves, gives Jinja others.
"""

from operator import attrgetter

from jinja2 import Environment
from jinja2.defaults import (
    BLOCK_END_STRING,
    BLOCK_START_STRING,
    COMMENT_END_STRING,
    COMMENT_START_STRING,
    VARIABLE_END_STRING,
    VARIABLE_START_STRING,
)

# By the kinds of tokens that Jinja's lexer returns.
_OURS = {
    "variable_begin": VARIABLE_START_STRING,
    "variable_end": VARIABLE_END_STRING,
    "block_begin": BLOCK_START_STRING,
    "block_end": BLOCK_END_STRING,
    "comment_begin": COMMENT_START_STRING,
    "comment_end": COMMENT_END_STRING,
}
_OF_HOST = attrgetter(*(f"{kind.replace('begin', 'start')}_string" for kind in _OURS))


def in_those_of(environment: Environment, source: str) -> str:
    """Return the source of a template of ours with the delimiters of an environment."""
    theirs = dict(zip(_OURS, _OF_HOST(environment), strict=True))
    if theirs == _OURS:
        return source
    tokens = Environment(keep_trailing_newline=True).lex(source)  # noqa: S701 - it renders nothing
    return "".join(
        value.replace(_OURS[kind], theirs[kind]) if kind in _OURS else value
        for _line, kind, value in tokens
    )
