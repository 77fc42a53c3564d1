"""Annotated classes as schemas of pydantic-core: pydantic's engine without pydantic's front.

A class says in its annotations what a JSON object holds, as pydantic's models do, and pydantic-core reads JSON into its
instances. What stands between the two in pydantic, and reads any annotation that there is, takes 47 ms of each cold
start (`docs/performance.md`). This reads those that are used here:
`str`, `int`, `bool`, `Any`, `None`, `Literal`, `list`, `dict`, unions, `Annotated` with `Within` or `Before`, typed
dictionaries, and other such classes. Anything else is a `TypeError` when it is first read.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic_core import CoreSchema, SchemaValidator, core_schema

_PLAIN: dict[Any, Callable[[], CoreSchema]] = {
    str: core_schema.str_schema,
    int: core_schema.int_schema,
    bool: core_schema.bool_schema,
    Any: core_schema.any_schema,
    None: core_schema.none_schema,
    type(None): core_schema.none_schema,
}

_LENGTH = {"min_length", "max_length"}
_BOUNDS = {"int": {"ge", "le"}, "str": _LENGTH, "list": _LENGTH}


class Within(NamedTuple):
    """In an annotation of `int`, `str` or `list`: bounds of the number, or of the length of the text or list."""

    ge: int | None = None
    le: int | None = None
    min_length: int | None = None
    max_length: int | None = None


class Before(NamedTuple):
    """In an annotation: how a value is changed before it is read."""

    change: Callable[[Any], Any]
    """Raises ValueError, with words for the caller, for what cannot be read."""
    sent: Any
    """The annotation of what may be sent, for the description."""


class Model:
    """An object of JSON. Fields that its class does not know are ignored, since clients send many."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    model_config: ClassVar[dict[str, object]] = {}
    """Asked for by pydantic where it describes the class."""

    def verified(self) -> Self:
        """The object itself, once its fields are read. Raises ValueError where they do not fit together."""
        return self


def validator(model: type[Model]) -> SchemaValidator:
    """What reads JSON into instances of `model`. Made when it is first asked for."""
    made = _validators.get(model)
    if made is None:
        made = _validators[model] = SchemaValidator(schema(model))
    return made


_validators: dict[type[Model], SchemaValidator] = {}


def schema(model: type[Model]) -> CoreSchema:
    """The schema of `model`. Each class in it is a definition under its name."""
    definitions = [_definition(each) for each in dict.fromkeys(_objects(model))]
    return core_schema.definitions_schema(core_schema.definition_reference_schema(model.__name__), definitions)


def _definition(kind: Any) -> CoreSchema:
    return _typed_dictionary(kind) if is_typeddict(kind) else _model(kind)


def _typed_dictionary(kind: Any) -> CoreSchema:
    optional = kind.__optional_keys__
    fields = {
        name: core_schema.typed_dict_field(_value(hint), required=name not in optional)
        for name, hint in _hints(kind).items()
    }
    return core_schema.typed_dict_schema(fields, cls=kind, ref=kind.__name__)


def _model(model: type[Model]) -> CoreSchema:
    fields = {}
    for name, hint in _hints(model).items():
        value = _value(hint)
        if hasattr(model, name):
            value = core_schema.with_default_schema(value, default=getattr(model, name))
        fields[name] = core_schema.model_field(value)
    read = core_schema.model_fields_schema(fields)
    if model.verified is Model.verified:
        return core_schema.model_schema(model, read, ref=model.__name__)
    return core_schema.no_info_after_validator_function(
        model.verified, core_schema.model_schema(model, read), ref=model.__name__
    )


def _value(hint: Any) -> CoreSchema:
    if hint in _PLAIN:
        return _PLAIN[hint]()
    if _is_object(hint):
        return core_schema.definition_reference_schema(hint.__name__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return reduce(_annotated, arguments[1:], _value(arguments[0]))
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    if origin is list:
        return core_schema.list_schema(_value(arguments[0]))
    if origin is dict:
        return core_schema.dict_schema(*map(_value, arguments))
    if origin in (Union, UnionType):
        choices: list[CoreSchema | tuple[CoreSchema, str]] = [
            _value(argument) for argument in arguments if argument is not type(None)
        ]
        value = core_schema.union_schema(choices)
        return core_schema.nullable_schema(value) if type(None) in arguments else value
    raise TypeError(f"{hint} is not among the annotations that can be read here")


def _annotated(value: CoreSchema, more: Within | Before) -> CoreSchema:
    if isinstance(more, Before):
        sent = _value(more.sent)
        return core_schema.no_info_before_validator_function(more.change, value, json_schema_input_schema=sent)
    bounds = {name: bound for name, bound in more._asdict().items() if bound is not None}
    if not bounds.keys() <= _BOUNDS.get(value["type"], set()):
        raise TypeError(f"{more} cannot bound a value of type {value['type']}")
    return {**value, **bounds}


def _objects(hint: Any) -> Iterator[Any]:
    """The classes that an annotation needs."""
    if _is_object(hint):
        yield hint
        for field in _hints(hint).values():
            yield from _objects(field)
    for argument in get_args(hint):
        yield from _objects(argument)
    if isinstance(hint, Before):
        yield from _objects(hint.sent)


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def _is_object(hint: Any) -> bool:
    return is_typeddict(hint) or (isinstance(hint, type) and issubclass(hint, Model))
