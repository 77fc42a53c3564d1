"""`GLM_TOKENS=ssm:/path` and `secretsmanager:name`: the deployment's tokens, kept by AWS and read once per instance."""

import logging
import os
import time
from collections.abc import Mapping
from typing import Final

import httpx

from lib import settings
from lib.errors import Misconfigured
from lib.store.aws_api import AwsApi
from lib.store.driver import Refused

READ_AGAIN_AFTER: Final = 60.0
"""Seconds between two readings at least: an account that stays refused does not ask AWS with every request."""

_log = logging.getLogger("glm")


async def load(environ: Mapping[str, str] = os.environ) -> None:
    """Read what `GLM_TOKENS` names, where it has not been read, or where a service has refused what was read.

    Raises `Misconfigured` where it cannot be read and never was.
    """
    held = settings.held
    if held.tokens and not (held.doubted and time.monotonic() - held.read_at > READ_AGAIN_AFTER):
        return
    tokens: list[str] = []
    for entry in settings.configured().tokens:
        try:
            tokens += settings.read_tokens(await _read(entry, environ)) if settings.is_reference(entry) else [entry]
        except (Refused, httpx.HTTPError, KeyError, ValueError) as error:
            why = error.kind if isinstance(error, Refused) else type(error).__name__
            told = f"GLM_TOKENS names {entry}, which cannot be read: {why}."
            if not held.tokens:
                raise Misconfigured(told) from error
            _log.warning(told)
            tokens = list(held.tokens)
            break
    held.tokens, held.read_at, held.doubted = tuple(tokens), time.monotonic(), False


async def _read(reference: str, environ: Mapping[str, str]) -> str:
    scheme, _, name = reference.partition(":")
    if scheme == "ssm":
        api = AwsApi("ssm", "AmazonSSM", environ, "GLM_TOKENS")
        action, arguments = "GetParameter", {"Name": name, "WithDecryption": True}
    else:
        api = AwsApi("secretsmanager", "secretsmanager", environ, "GLM_TOKENS")
        action, arguments = "GetSecretValue", {"SecretId": name}
    try:
        answer = await api.call(action, arguments)
    finally:
        await api.aclose()
    return str(answer["Parameter"]["Value"] if scheme == "ssm" else answer["SecretString"])
