"""What Lambda calls: Mangum around an app, imported where there is a Lambda and not before it is needed."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mangum.types import ASGI


class LambdaHandler:
    """Serves the events of a function URL. Everywhere else it is a name that costs nothing."""

    def __init__(self, app: "ASGI") -> None:
        self._app = app
        self._mangum: Callable[[Any, Any], Any] | None = None
        if _called_by_lambda(os.environ):
            self._load()

    def __call__(self, event: Any, context: Any) -> Any:
        """Serve one event."""
        return (self._mangum or self._load())(event, context)

    def _load(self) -> Callable[[Any, Any], Any]:
        from mangum import Mangum

        self._mangum = mangum = Mangum(self._app, lifespan="off")
        return mangum


def _called_by_lambda(environ: Mapping[str, str]) -> bool:
    """Does Lambda call the handler? Vercel and the Lambda Web Adapter, which both run on Lambda, call the app."""
    return bool(
        environ.get("AWS_LAMBDA_FUNCTION_NAME") and not environ.get("VERCEL") and not environ.get("AWS_LWA_INVOKE_MODE")
    )
