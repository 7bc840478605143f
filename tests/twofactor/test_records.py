"""Records behave as the dataclasses that `dataclass(frozen=True, slots=True)` makes."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import ClassVar

import pytest

from portal.twofactor.core.frozen import record
from portal.twofactor.core.records import Subject

made = {"record": record, "eq": record(eq=False), "repr": record(repr=False)}
by_dataclass = {
    "record": dataclass(frozen=True, slots=True),
    "eq": dataclass(frozen=True, slots=True, eq=False),
    "repr": dataclass(frozen=True, slots=True, repr=False),
}


def of(decorate):
    class Kind:
        """A record with each kind of field."""

        name: ClassVar[str] = "kind"
        first: str
        secret: str = field(default="s", repr=False)
        found: list[str] = field(default_factory=list)
        last: int = field(kw_only=True, default=3)
        seen: int = 0

        def __post_init__(self) -> None:
            object.__setattr__(self, "seen", self.seen + 1)

        @property
        def both(self) -> str:
            return self.first + self.secret

    base = decorate(Kind)

    @decorate
    class Longer(base):
        """One of a record."""

        more: tuple[str, ...] = ()

    return base, Longer


@pytest.fixture(params=made)
def pair(request):
    return of(made[request.param]), of(by_dataclass[request.param])


def results(kind, *arguments, **named):
    """Return all that can be seen of a record."""
    found = kind(*arguments, **named)
    parameters = inspect.signature(kind).parameters.values()
    seen: list[object] = [(each.name, each.kind, each.annotation) for each in parameters]
    seen += [len(fields(kind)), kind.__slots__, kind.__match_args__]
    seen += [repr(found).partition(" object at")[0], found.both, kind.name, hasattr(found, "gone")]
    seen += [found == kind(*arguments, **named), found != copy.copy(found), found == 3]
    seen += [[getattr(found, each.name) for each in fields(found)]]
    seen += [[getattr(copy.deepcopy(found), each.name) for each in fields(found)]]
    seen += [replace(found, last=9).last, hasattr(found, "__dict__"), kind.__doc__]
    for change in (
        lambda: setattr(found, "first", "b"),
        lambda: delattr(found, "first"),
        kind,
        lambda: kind("a", third=3),
        lambda: kind("a", "b", [], 3, (), 4),
        lambda: hash(found),
    ):
        try:
            change()
        except (TypeError, AttributeError) as error:
            seen += [type(error), str(error)]
    return [str(each) for each in seen]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    "named", [{}, {"secret": "t", "last": 4}, {"found": ["x"], "seen": 2}], ids=str
)
def test_nobody_sees_a_difference(pair, number, named):
    ours, theirs = (kinds[number] for kinds in pair)
    assert results(ours, "a", **named) == results(theirs, "a", **named)


def test_equal_records_have_one_hash():
    assert hash(Subject("a", known="k")) == hash(Subject("a", known="k"))
    assert Subject("a") != Subject("b")
    assert len({Subject("a"), Subject("a"), Subject("b")}) == 2


def test_a_record_is_kept_by_pickle():
    assert pickle.loads(pickle.dumps(Subject("a", known="k"))) == Subject("a", known="k")


def test_a_record_refuses_changes():
    subject = Subject("a")
    with pytest.raises(FrozenInstanceError, match="user_id"):
        subject.user_id = "b"
    with pytest.raises(FrozenInstanceError, match="user_id"):
        del subject.user_id
    assert subject.user_id == "a"
