"""The names of models that a client may ask for: all wires list the same, each in its form."""

from collections.abc import Sequence

from lib.errors import NotFound
from lib.serving.wire import ListedModel
from lib.types import aliases
from lib.types.aliases import Aliases
from lib.types.upstream import Model, Upstream


def listed(upstreams: Sequence[Upstream], own: Aliases) -> list[ListedModel]:
    """All of them, each once: the upstreams' names, the deployer's aliases (`own`), and the usual ones."""
    found: dict[str, ListedModel] = {}
    for upstream in upstreams:
        for model in upstream.models():
            found.setdefault(model.name, ListedModel(model.name, upstream.name, model=model))
    own_names = aliases.names(own)
    for name in (*own_names, *aliases.names(aliases.DEFAULTS)):
        if _owner(name, upstreams, own) is not None:
            found.setdefault(name, find(name, upstreams, own)._replace(is_usual=name in own_names))
    return list(found.values())


def find(name: str, upstreams: Sequence[Upstream], own: Aliases) -> ListedModel:
    """One of them, or any other name that an upstream knows: an agent's id, one with suffixes. Raises `NotFound`."""
    owner = _owner(name, upstreams, own)
    if owner is None:
        raise NotFound("There is no model of that name.", param="model", code="model_not_found")
    meaning = aliases.resolve(name, own)
    known = (model for upstream in upstreams for model in upstream.models() if model.name == meaning)
    return ListedModel(name, owner, "" if meaning == name else meaning, model=next(known, Model(meaning, chats=True)))


def _owner(name: str, upstreams: Sequence[Upstream], own: Aliases) -> str | None:
    meaning = aliases.resolve(name, own)
    return next((one.name for one in upstreams if one.knows(meaning)), None)
