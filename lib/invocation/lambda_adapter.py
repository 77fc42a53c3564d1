"""What the Lambda Web Adapter tells of an invocation: the Lambda context, as JSON in a header."""

import json
import os
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

_CONTEXT_HEADER = b"x-amzn-lambda-context"


def context(scope: Scope, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The context: `request_id`, `deadline` in Unix milliseconds, and more. Empty where the adapter does not run.

    Elsewhere the header is not believed: a client could send it.
    """
    if not (environ.get("AWS_LAMBDA_FUNCTION_NAME") and environ.get("AWS_LWA_INVOKE_MODE")):
        return {}
    for name, value in scope["headers"]:
        if name == _CONTEXT_HEADER:
            try:
                told = json.loads(value)
            except (ValueError, RecursionError):
                return {}
            return told if isinstance(told, dict) else {}
    return {}
