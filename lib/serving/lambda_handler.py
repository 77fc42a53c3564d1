"""What Lambda calls: Mangum around an app, imported where there is a Lambda and not before it is needed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lib.serving import platforms

if TYPE_CHECKING:
    from mangum.types import ASGI
    from starlette.types import Receive, Scope, Send


class LambdaHandler:
    """Serves the events of a function URL. Everywhere else it is a name that costs nothing."""

    def __init__(self, app: "ASGI") -> None:
        self._app = app
        self._mangum: Callable[[Any, Any], Any] | None = None
        if platforms.calls_handler():
            self._load()

    def __call__(self, event: Any, context: Any) -> Any:
        return (self._mangum or self._load())(event, context)

    def _load(self) -> Callable[[Any, Any], Any]:
        from mangum import Mangum

        async def below(scope: "Scope", receive: "Receive", send: "Send") -> None:
            await self._app({**scope, "path": own_path(scope)}, receive, send)

        self._mangum = mangum = Mangum(below, lifespan="off")
        return mangum


def own_path(scope: "Scope") -> str:
    """The path without the stage of an HTTP API, and without the base path by which a domain leads to an API."""
    event, path = scope["aws.event"], str(scope["path"])
    proxy = (event.get("pathParameters") or {}).get("proxy")
    if proxy is not None and str(event.get("resource") or event.get("routeKey", "")).endswith("/{proxy+}"):
        return f"/{proxy}"
    stage = event["requestContext"].get("stage") if event.get("version") == "2.0" else None
    return path.removeprefix(f"/{stage}") if path.startswith(f"/{stage}/") else path
