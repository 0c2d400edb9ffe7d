"""`dataclass`, without the code that the standard library's writes and compiles anew at each start.

The methods that it generates take a quarter of a whole start of this program. These do the same for every class, and
are a little slower for each object.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ("dataclass",)

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
        """As `dataclasses.dataclass`, with the two parameters that are used here."""
        if cls is None:
            return lambda named: dataclass(named, frozen=frozen, eq=eq)
        methods: dict[str, Any] = {"__init__": _init, "__repr__": _repr}
        if eq:
            methods |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        for name in methods.keys() - vars(cls).keys():
            setattr(cls, name, methods[name])
        return dataclasses.dataclass(init=False, repr=False, eq=False)(cls)


def _init(self: Any, *values: Any, **named: Any) -> None:
    fields, own = dataclasses.fields(self), vars(self)
    own |= {field.name: value for field, value in zip(fields, values, strict=False)}
    for field in fields[len(values) :]:
        own[field.name] = named.pop(field.name) if field.name in named else _default(self, field)
    if named or len(values) > len(fields):
        raise TypeError(f"{type(self).__name__} was given more than its {len(fields)} fields: {', '.join(named)}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _default(self: Any, field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise TypeError(f"{type(self).__name__} was not given its {field.name}")
    return field.default


def _repr(self: Any) -> str:
    values = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self))
    return f"{type(self).__qualname__}({values})"


def _equal(self: Any, other: Any) -> bool:
    compared = (field.name for field in dataclasses.fields(self) if field.compare)
    return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in compared)


def _hash(self: Any) -> int:
    hashed = (f for f in dataclasses.fields(self) if (f.compare if f.hash is None else f.hash))
    return hash(tuple(getattr(self, field.name) for field in hashed))


def _refuse(self: Any, name: str, *_value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed")
