"""Compare the facts of each signal that is sent with their type (`signals.FACTS`)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from portal.twofactor import signals


def faults_of(name: str, facts: dict[str, Any]) -> list[str]:
    """Return what is wrong with the facts of a signal."""
    kind = signals.FACTS[name]
    hints = get_type_hints(kind)
    lacking = kind.__required_keys__ - facts.keys()
    unknown = facts.keys() - hints.keys()
    wrong = [each for each in facts.keys() & hints.keys() if not _fits(facts[each], hints[each])]
    return [
        *(f"{name}: no {each}" for each in lacking),
        *(f"{name}: unknown {each}" for each in unknown),
        *(f"{name}: {each} is {facts[each]!r}" for each in wrong),
    ]


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    return isinstance(value, (int, float) if hint is float else hint)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list that gets what is wrong with the signals sent meanwhile."""
    faults: list[str] = []

    def look(name: str, _app: Any, **facts: Any) -> None:
        faults.extend(faults_of(name, facts))

    with ExitStack() as stack:
        for name, signal in signals.BY_NAME.items():
            stack.enter_context(signal.connected_to(partial(look, name)))
        yield faults
