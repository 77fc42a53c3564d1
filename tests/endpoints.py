"""All routes of the bundle, as its one app for everything finds them."""

from importlib import import_module

from api.index import ENDPOINTS, OF_CLIENTS


def endpoints() -> set[tuple[str, str]]:
    """Method and path of each endpoint; `HEAD` goes without saying."""
    routes = [
        route for module in {*ENDPOINTS.values(), *dict(OF_CLIENTS).values()} for route in import_module(module).routes
    ]
    return {(method, route.path_format) for route in routes for method in (route.methods or set()) - {"HEAD"}}
