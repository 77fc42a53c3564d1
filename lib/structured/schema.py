"""Does a JSON value fit a caller's schema: `jsonschema`, with what a hostile schema could do taken away.

Nothing is fetched (a `$ref` leads into its own schema or is refused), no code is made, regular expressions are matched
in bounded time (`pattern`), and size, depth (`bounds`) and steps are bounded. Draft 2020-12, unless
`$schema` names another. The library takes 0.1 s to import and most requests have no schema: it is imported with the
first.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from lib.errors import BadRequest
from lib.structured.bounds import Bounded
from lib.types.chat import Schema

MAX_STEPS: Final = 60_000
"""Keywords that are applied in one check, with a share for long lists and texts: less than a second."""
MAX_WORDS: Final = 300
"""Characters of what a check says: a value that does not fit may be long, and its beginning and end tell enough."""

_COMPARED: Final = 8
"""Entries that are compared in the time of one step."""
_MATCHED: Final = 256
"""Signs of a text, times an expression's size, that are matched in the time of one step."""
_REFERENCE_STEPS: Final = 4
"""Steps that it takes to follow a reference, and one more for each `_FOLLOWED` of its characters."""
_FOLLOWED: Final = 64
_ERRORS: Final = 20
"""How many faults are looked at for the most telling one."""


class _Check:
    def __init__(self, bounded: Bounded) -> None:
        self._bounded = bounded
        self._left = MAX_STEPS

    def take(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooCostly

    def search(self, source: str, text: str) -> bool:
        pattern = self._bounded.pattern(source)
        self.take(1 + len(text) * pattern.size // _MATCHED)
        return pattern.search(text)


_current: ContextVar[_Check] = ContextVar("check")


class _TooCostly(Exception):
    pass


def check(value: Any, schema: Schema, param: str = "response_format") -> str | None:
    """Why `value` does not fit `schema`, and where; None where it fits. Raises what `Checker` raises."""
    return Checker(schema, param).fault(value)


class Checker:
    """A schema that is ready to check values."""

    def __init__(self, schema: Schema, param: str = "response_format") -> None:
        """Raises `BadRequest`, which names the request's field `param`, where the schema cannot be used."""
        self._param = param
        try:
            self._bounds = Bounded(schema)
        except BadRequest as error:
            raise BadRequest(error.message, param=param) from error
        dialect = schema.get("$schema")
        kind = _dialect(dialect if isinstance(dialect, str) else "")
        self._validator = self._bounded(lambda: kind(self._bounds.schema, registry=_resolved(self._bounds, kind)))

    def fault(self, value: Any) -> str | None:
        """Why `value` does not fit, and where; None where it fits. `BadRequest` where that is too hard to tell."""
        return self._bounded(lambda: _fault(self._validator, value))

    def _bounded[T](self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises `BadRequest` where the schema does not let it end."""
        from jsonschema.exceptions import UnknownType
        from referencing.exceptions import Unresolvable

        before = _current.set(_Check(self._bounds))
        try:
            return work()
        except _TooCostly:
            words = "The schema is too complex to be checked in reasonable time. Make it smaller."
        except RecursionError:
            words = "The schema or the value is nested too deeply, or a $ref leads to itself."
        except Unresolvable as error:
            words = f"A $ref of the schema leads nowhere: {str(error.ref)[:100]!r}."
        except BadRequest as error:
            words = error.message
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, UnknownType) as error:
            words = f"The schema cannot be used: {str(error)[:100]}"  # The library trusts that schemas make sense.
        finally:
            _current.reset(before)
        raise BadRequest(words, param=self._param)


def _fault(validator: Any, value: Any) -> str | None:
    from jsonschema.exceptions import best_match

    error = best_match(islice(validator.iter_errors(value), _ERRORS))
    return None if error is None else f"at {_short(error.json_path)}: {_short(error.message)}"


def _short(words: str) -> str:
    return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS // 2]} … {words[-MAX_WORDS // 2 :]}"


def _resolved(bounds: Bounded, kind: Any) -> Any:
    """Where schemas are looked up: in this one alone, without which the library would fetch them.

    It is gone through once for its anchors; the library would do so at each reference. Every reference is followed
    once. Raises `Unresolvable`.
    """
    from referencing import Registry
    from referencing.jsonschema import specification_with

    resource = specification_with(kind.META_SCHEMA["$schema"]).create_resource(bounds.schema)
    registry: Any = Registry().with_resource("", resource).crawl()
    resolver = registry.resolver()
    for reference in bounds.references:
        _current.get().take(1 + len(reference) // _FOLLOWED)
        resolver.lookup(reference)
    return registry


@lru_cache
def _dialect(name: str) -> Any:
    """The validators of a draft, with bounds."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend, validator_for

    standard: Any = validator_for({"$schema": name}, default=Draft202012Validator)
    keywords = dict(standard.VALIDATORS) | {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    bounded: Any = extend
    return bounded(standard, {keyword: _counted(keyword, apply) for keyword, apply in keywords.items()})


type _Keyword = Callable[[Any, Any, Any, Any], Iterator[Any] | None]


def _counted(keyword: str, apply: _Keyword) -> _Keyword:
    cost = _REFERENCE_STEPS if keyword.endswith("ef") else 1

    def step(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any] | None:
        size = len(value) // _COMPARED if isinstance(value, list | dict) else 0
        size += len(value) // _FOLLOWED if cost > 1 and isinstance(value, str) else 0
        _current.get().take(cost + size)
        return apply(validator, value, instance, schema)

    return step


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _current.get().search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            if _current.get().search(pattern, name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    search = _current.get().search
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in instance if name not in known and not any(search(one, name) for one in patterns)]
    if allowed is False and extra:
        yield ValidationError("there must be no other properties, but there are: " + ", ".join(map(repr, extra)))
    elif isinstance(allowed, dict):
        for name in extra:
            yield from validator.descend(instance[name], allowed, path=name)


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if wanted is True and isinstance(instance, list) and len(set(map(_identity, instance))) < len(instance):
        yield ValidationError("the items must differ from each other")


def _identity(value: Any) -> Any:
    """The same for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, list):
        return "list", tuple(map(_identity, value))
    if isinstance(value, dict):
        return "object", frozenset((name, _identity(one)) for name, one in value.items())
    return isinstance(value, bool), value
