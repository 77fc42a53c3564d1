"""What Lambda calls: Mangum around an app, imported where there is a Lambda and not before it is needed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lib.serving import platforms

if TYPE_CHECKING:
    from mangum.types import ASGI


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

        self._mangum = mangum = Mangum(self._app, lifespan="off")
        return mangum
