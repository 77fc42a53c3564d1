"""Does a JSON value fit a caller's schema: `jsonschema`, with what a hostile schema could do taken away.

Nothing is fetched (a `$ref` leads to its own schema or is refused), no code is made, regular expressions are matched in
linear time (`lib.tools.pattern`), and depth, size and steps are bounded. Draft 2020-12, unless `$schema` names another.
The library takes 0.1 s to import and most requests have no schema, so it is imported when one is first checked.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from lib.errors import BadRequest
from lib.tools.pattern import compiled
from lib.types.chat import Schema

MAX_DEPTH: Final = 64
"""Levels of a schema, and of references: OpenAI takes 10 of objects, each of which is two or three of these."""
MAX_NODES: Final = 50_000
"""Objects, lists and values in a schema: three times what OpenAI takes in properties, enum values and their parts."""
MAX_STEPS: Final = 100_000
"""Keywords that are applied in one check, with a share for long lists and texts: about half a second."""
MAX_WORDS: Final = 300
"""Characters of what a check says: a value that does not fit may be long, and its beginning and end tell enough."""
_COMPARED: Final = 8
"""Entries that are compared in the time of one step."""
_CHARACTERS: Final = 256
"""Characters that are matched in the time of one step."""
_ERRORS: Final = 20
"""How many faults are looked at for the most telling one."""
_DATA: Final = frozenset(("const", "default", "enum", "examples"))
"""Keywords whose values are no schemas."""
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")

_steps_left: ContextVar[int] = ContextVar("steps_left")


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
        own = self._bounded(lambda: _own(schema))
        dialect = schema.get("$schema")
        kind = _dialect(dialect if isinstance(dialect, str) else "")
        self._validator = kind(own, registry=_nothing())

    def fault(self, value: Any) -> str | None:
        """Why `value` does not fit, and where; None where it fits. `BadRequest` where that is too hard to tell."""
        return self._bounded(lambda: _fault(self._validator, value))

    def _bounded[T](self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises `BadRequest` where the schema does not let it end."""
        from referencing.exceptions import Unresolvable

        before = _steps_left.set(MAX_STEPS)
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
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError) as error:
            words = f"The schema cannot be used: {str(error)[:100]}"  # The library trusts that schemas make sense.
        finally:
            _steps_left.reset(before)
        raise BadRequest(words, param=self._param)


def _own(schema: Schema) -> dict[str, Any]:
    """A copy without `$schema`, which would bring the library's own keywords back. `BadRequest` for what is refused."""
    nodes = 0
    names: set[str] = set()

    def copy(node: Any, depth: int, *, data: bool) -> Any:
        nonlocal nodes
        nodes += 1
        if nodes > MAX_NODES:
            raise BadRequest(f"The schema is too large: {MAX_NODES} parts are the most.")
        if depth > MAX_DEPTH:
            raise BadRequest(f"The schema is nested too deeply: {MAX_DEPTH} levels are the most.")
        if isinstance(node, Mapping):
            names.update(node)
            if not data:
                _refuse_remote(node)
            return {
                key: copy(value, depth + 1, data=data or key in _DATA)
                for key, value in node.items()
                if not (key == "$schema" and isinstance(value, str))
            }
        if isinstance(node, list | tuple):
            return [copy(value, depth + 1, data=data) for value in node]
        return node

    own: dict[str, Any] = copy(schema, 0, data=False)
    if {"patternProperties", "unevaluatedProperties"} <= names:
        raise BadRequest("patternProperties and unevaluatedProperties are not supported in one schema.")
    return own


def _refuse_remote(node: Mapping[str, Any]) -> None:
    for key in _REFERENCES:
        target = node.get(key)
        if isinstance(target, str) and not target.startswith("#"):
            raise BadRequest(f"A {key} must point into its own schema (#/$defs/…), not to {target[:100]!r}.")


def _fault(validator: Any, value: Any) -> str | None:
    from jsonschema.exceptions import best_match

    error = best_match(islice(validator.iter_errors(value), _ERRORS))
    if error is None:
        return None
    words = error.message
    if len(words) > MAX_WORDS:
        words = f"{words[: MAX_WORDS // 2]} … {words[-MAX_WORDS // 2 :]}"
    return f"at {error.json_path[:MAX_WORDS]}: {words}"


def _nothing() -> Any:
    """Where schemas are looked up: nowhere. Without it, the library would fetch them."""
    from referencing import Registry

    return Registry()


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
    return bounded(standard, {keyword: _counted(apply) for keyword, apply in keywords.items()})


type _Keyword = Callable[[Any, Any, Any, Any], Iterator[Any] | None]


def _counted(apply: _Keyword) -> _Keyword:
    def step(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any] | None:
        _take(1 + len(value) // _COMPARED if isinstance(value, list | dict | str) else 1)
        return apply(validator, value, instance, schema)

    return step


def _take(steps: int) -> None:
    left = _steps_left.get() - steps
    if left < 0:
        raise _TooCostly
    _steps_left.set(left)


def _search(pattern: str, text: str) -> bool:
    _take(1 + len(text) // _CHARACTERS)
    return compiled(pattern).search(text)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            if _search(pattern, name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in instance if name not in known and not any(_search(one, name) for one in patterns)]
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
