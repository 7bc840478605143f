"""The blocks of a host's base template that the pages fill."""

import inspect
from collections.abc import Mapping
from typing import Any

from ...core.errors import SetupError

BLOCKS = ("title", "head", "content")


def checked_blocks(given: Any) -> dict[str, str | None]:
    """Return the host's name of each block, `None` for one that its base template lacks.

    Args:
        given: the option, names by block.

    Raises:
        SetupError: it is no such mapping, or names no block for the content.
    """
    if not isinstance(given, Mapping):
        raise SetupError(f'blocks must be names of blocks such as {{"content": "body"}}: {given!r}')
    for block, name in given.items():
        if block not in BLOCKS:
            raise SetupError(f"blocks: unknown block {block!r} (known: {', '.join(BLOCKS)})")
        if name is not None and not (isinstance(name, str) and name.isidentifier()):
            raise SetupError(f"blocks[{block!r}] must be the name of a block, not {name!r}")
    names = {**{block: block for block in BLOCKS}, **given}
    if names["content"] is None:
        raise SetupError('blocks["content"] must be a block of the base template, not None')
    if len(used := [name for name in names.values() if name]) != len(set(used)):
        raise SetupError("blocks must be different blocks of the base template")
    return names


def check_render(render: Any) -> None:
    """Check that a host's function takes a template and any names of values.

    Raises:
        SetupError: its first parameter has a name that a page has a value for, or it takes no
            values by name.
    """
    if not callable(render):
        return  # `check_options` names it
    try:
        parameters = list(inspect.signature(render).parameters.values())
    except (TypeError, ValueError):
        return  # made in C: there is nothing to look at
    first = parameters[0] if parameters else None
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        raise SetupError(
            "render must take the values of a page by name: render(template, **values)"
        )
    if first is None or (first.kind is first.POSITIONAL_OR_KEYWORD and first.name == "name"):
        raise SetupError("render must be render(template, **values): a page has a value `name`")
