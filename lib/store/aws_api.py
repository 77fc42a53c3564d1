"""Calls to an AWS service that speaks JSON, signed with the credentials of the environment."""

import asyncio
import json
import random
import re
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from lib.http.clients import file_client, service_client
from lib.store.aws_signature import Credentials, Scope, signed_headers
from lib.store.driver import Refused

TIMEOUT: Final = 1.0
"""Seconds to connect, and to wait for a reply. A store that is slower than that is slower than doing without it."""
RETRIES: Final = 3
"""How often a call is made again: after a refusal that will pass, or over a new connection for one that died while the
instance was frozen. A time-out is not tried again: it would cost the request another second."""
FIRST_BACKOFF: Final = 0.05
"""Seconds before a throttled call is made again, as AWS's clients do; each further wait is twice as long."""

RENEW_BEFORE: Final = 300.0
"""Seconds before their end from which a container's credentials are renewed, as AWS's clients do."""
_ECS: Final = "http://169.254.170.2"
"""Where ECS has the credentials whose path it names."""

_PASSING: Final = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
}
_KIND: Final = re.compile(r"[A-Za-z]{1,80}")


class AwsApi:
    """The actions of one service. Each must be one that may be sent twice."""

    def __init__(
        self, service: str, version: str, environ: Mapping[str, str], setting: str = "GLM_TOKEN_STORE"
    ) -> None:
        """`version` is the prefix of its `X-Amz-Target`, `setting` what names the service.

        Raises `ValueError` where `environ` does not say who calls.
        """
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
        key_id, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
        relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        self._container = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or (relative and _ECS + relative)
        if not region or not ((key_id and secret) or self._container):
            raise ValueError(
                f"{setting} names {service}, which needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                " or a container's credentials. Lambda sets them."
            )
        self._url = httpx.URL(endpoint(service, region, environ))
        known = Credentials(key_id, secret, environ.get("AWS_SESSION_TOKEN", ""))
        self._credentials = known if key_id and secret else Credentials("", "", expire_at=0.0)
        self._environ = environ
        self._scope = Scope(region, service)
        self._version = version
        self._client: httpx.AsyncClient | None = None

    async def call(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the action answers. Raises `ApiError`, and httpx's errors."""
        body = json.dumps(arguments).encode()
        for attempt in range(RETRIES):
            try:
                return await self._send(action, body)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if attempt:
                    raise
            except ApiError as error:
                if error.kind not in _PASSING and error.status < 500:
                    raise
                await asyncio.sleep(FIRST_BACKOFF * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311
        return await self._send(action, body)

    async def aclose(self) -> None:
        """End the connections; the next call makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send(self, action: str, body: bytes) -> dict[str, Any]:
        headers = {
            "Host": self._url.netloc.decode(),
            "Content-Type": "application/x-amz-json-1.0"
            if self._scope.service == "dynamodb"
            else "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self._version}.{action}",
        }
        if self._credentials.expire_at - time.time() < RENEW_BEFORE:
            await self._renew()
        headers = signed_headers(self._credentials, self._scope, headers, body)
        if self._client is None:
            self._client = _client()
        response = await self._client.post(self._url, content=body, headers=headers, timeout=TIMEOUT)
        answer = _mapping(response.content)
        if response.status_code != 200 or answer is None:
            raise ApiError(response.status_code, answer or {})
        return answer

    async def _renew(self) -> None:
        """Ask the container's endpoint for credentials, as ECS and SnapStart have it. What still holds is kept."""
        token = self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if file := self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
            token = (await asyncio.to_thread(Path(file).read_text, "ascii")).strip()
        try:
            async with file_client() as client:  # It is next to us: never through a proxy.
                headers = {"Authorization": token} if token else {}
                told = (
                    _mapping((await client.get(str(self._container), headers=headers, timeout=TIMEOUT)).content) or {}
                )
            expires = datetime.fromisoformat(told["Expiration"]).timestamp()
            self._credentials = Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"], expires)
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            if self._credentials.expire_at < time.time():
                raise ApiError(503, {"__type": "NoContainerCredentials"}) from error


class ApiError(Refused):
    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        kind = str(answer.get("__type", "")).rpartition("#")[2]
        super().__init__(kind if _KIND.fullmatch(kind) else f"HTTP {status}")
        self.status = status
        self.answer = answer


def endpoint(service: str, region: str, environ: Mapping[str, str]) -> str:
    """Where the service is; tests and VPC endpoints name another place, with the variables that AWS's clients know."""
    named = environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environ.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return named or f"https://{service}.{region}.{domain}"


def _client() -> httpx.AsyncClient:
    return service_client()


def _mapping(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
