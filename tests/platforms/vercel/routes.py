"""The route table of a build, followed as Vercel follows it (Build Output API, version 3: `routes` in config.json)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

KNOWN_KEYS = {"src", "dest", "status", "headers", "continue", "check", "handle", "methods", "transforms", "has"}
"""What is modelled here. A route that has more is refused, not misread."""
SAME_PATH = ("/(.*)", [{"type": "request.path", "op": "set", "args": "/$1"}])
"""The only transformation that is modelled: the function sees the path that was asked for."""


@dataclass(frozen=True)
class Target:
    """Where a request goes: a function, a static file, or (neither) nothing but a status."""

    function: str | None = None
    static: str | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    """What the route table adds to the answer."""


class Routes:
    """Finds the target of a path."""

    def __init__(self, table: Iterable[dict[str, Any]], functions: Collection[str], static: Collection[str]) -> None:
        """`functions`: paths such as `api/ping`; `static`: paths of files in the static folder."""
        self._functions = functions
        self._static = static
        self._phases: dict[str | None, list[dict[str, Any]]] = {None: []}
        phase = None
        for route in table:
            if unknown := route.keys() - KNOWN_KEYS:
                raise ValueError(f"not modelled: {', '.join(sorted(unknown))} in {route}")
            if "transforms" in route and (route["src"], route["transforms"]) != SAME_PATH:
                raise ValueError(f"not modelled: {route['transforms']}")
            if any(
                condition.keys() != {"type", "key"} or condition["type"] != "header"
                for condition in route.get("has", ())
            ):
                raise ValueError(f"not modelled: has {route['has']}")
            if "handle" in route:
                phase = route["handle"]
            self._phases.setdefault(phase, []).append(route)

    def resolve(self, path: str, method: str = "GET", sent: Collection[str] = ()) -> Target:
        """Return the target of a request for `path` (without the query) with the headers `sent`, in small letters."""
        self._sent = sent
        headers: dict[str, str] = {}
        path, found = self._follow(self._phases[None], path, method, headers)
        found = found or self._file(path)
        for phase in ("filesystem", "rewrite"):
            found = found or self._follow(self._phase(phase), path, method, headers)[1]
        if found is None:
            found = Target(static="404.html" if "404.html" in self._static else None, status=404)
        return Target(found.function, found.static, found.status, headers | found.headers)

    def _phase(self, name: str) -> list[dict[str, Any]]:
        return [route for route in self._phases.get(name, []) if "handle" not in route]

    def _follow(
        self, routes: list[dict[str, Any]], path: str, method: str, headers: dict[str, str]
    ) -> tuple[str, Target | None]:
        for route in routes:
            match = re.search(route["src"], path)
            has = all(condition["key"] in self._sent for condition in route.get("has", ()))
            if match is None or not has or method not in route.get("methods", [method]):
                continue
            headers |= route.get("headers", {})
            if "dest" in route:
                path = _destination(route["dest"], match)
                if found := self._file(path):
                    return path, found
                if route.get("check"):
                    missed, found = self._follow(self._phase("miss"), path, method, headers)
                    if found:
                        return missed, found
                    continue
            if "status" in route:
                return path, Target(status=route["status"])
            if not route.get("continue"):
                break
        return path, None

    def _file(self, path: str) -> Target | None:
        name = path.strip("/")
        for candidate in (name, f"{name}/index".lstrip("/")):
            if candidate in self._functions:
                return Target(function=candidate)
        for candidate in (name, f"{name}/index.html".lstrip("/")):
            if candidate in self._static:
                return Target(static=candidate)
        return None


def _destination(template: str, match: re.Match[str]) -> str:
    """Fill `$1`, `$2`, … in. A query is refused: the function would be given it beside the client's own."""
    if "?" in template:
        raise ValueError(f"a rewrite adds a query: {template}")
    return re.sub(r"\$(\d+)", lambda group: match[int(group[1])] or "", template)
