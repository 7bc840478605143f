"""Records that can't be changed, as `dataclass(frozen=True, slots=True)` makes them, made faster.

For each of its classes Python 3.11 runs six pieces of text to make the methods, which took half of
the import of this package. Here all records share their methods; only `__init__` is made anew.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")
# Stands for a default that is made for each record.
_MADE = object()
_set = object.__setattr__


@overload
def record(cls: type[T]) -> type[T]: ...
@overload
def record(*, eq: bool = True, repr: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(
    cls: type[T] | None = None,
    *,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - the name that `dataclass` has
) -> type[T] | Callable[[type[T]], type[T]]:
    """Return a class as an immutable dataclass with slots.

    Args:
        cls: the class, with its fields as `dataclass` takes them.
        eq: whether records with equal fields are equal, and their hash is that of their fields.
        repr: whether `repr` shows the fields.
    """
    if cls is None:
        return lambda given: record(given, eq=eq, repr=repr)  # type: ignore[call-overload]  # one overload at a time
    made = dataclass(init=False, eq=False, repr=False, slots=True)(cls)
    shared = ALWAYS | (EQUAL if eq else {}) | ({"__repr__": _repr} if repr else {})
    for name, method in {"__init__": _init(made), **shared}.items():
        # As with `dataclass`, what the class itself defines stays.
        if name not in made.__dict__:
            setattr(made, name, method)
    return made


def _init(made: Any) -> Callable[..., None]:
    """Return the `__init__` of a class; text is run, since a loop over the fields is slower."""
    known: dict[str, Any] = {"_set": _set, "_MADE": _MADE}
    by_place: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for each in fields(made):
        name = each.name
        parameter, value = name, name
        if each.default_factory is not MISSING:
            known[f"_make_{name}"] = each.default_factory
            parameter, value = f"{name}=_MADE", f"_make_{name}() if {name} is _MADE else {name}"
        elif each.default is not MISSING:
            known[f"_default_{name}"] = each.default
            parameter = f"{name}=_default_{name}"
        (by_name if each.kw_only else by_place).append(parameter)
        body.append(f"_set(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), known)  # noqa: S102 - names of fields alone, as `dataclass` does
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {each.name: each.type for each in fields(made)} | {"return": None}
    return init


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, each.name) for each in fields(self))


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _refuse_to_set(_self: Any, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _restore(self: Any, state: tuple[Any, ...]) -> None:
    """Set the fields of a copy, which is made without `__init__`."""
    each: Field[Any]
    for each, value in zip(fields(self), state, strict=True):
        _set(self, each.name, value)


ALWAYS: dict[str, Callable[..., Any]] = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _values,
    "__setstate__": _restore,
}
EQUAL: dict[str, Callable[..., Any]] = {"__eq__": _eq, "__hash__": _hash}
