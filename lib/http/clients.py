"""The clients that everything here calls others with, over `lib.http.transport`.

A client belongs to the event loop in which it is first used: callers make one for each, and keep it.
"""

import os
from collections.abc import Mapping
from typing import Final

import httpx

from lib.http.tls import default_context
from lib.http.transport import Transport

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to reach a server, TLS included; more means that it cannot be reached."""
IDLE_TIMEOUT: Final = 60.0
"""Seconds of silence, or of taking nothing, after which a server has gone: it says something more often while it
works."""

_TIMEOUT: Final = httpx.Timeout(connect=CONNECT_TIMEOUT, read=IDLE_TIMEOUT, write=IDLE_TIMEOUT, pool=None)


def service_client() -> httpx.AsyncClient:
    """A client for the services whose addresses the deployment names. Proxies of the environment are used."""
    return _client(_proxies(os.environ))


def file_client() -> httpx.AsyncClient:
    """A client for URLs that callers name. Never through a proxy, which would look names up past our own checks."""
    return _client({})


def _client(mounts: Mapping[str, httpx.AsyncBaseTransport | None]) -> httpx.AsyncClient:
    # trust_env: httpx reads proxies only where it makes the transport itself.
    return _Client(transport=Transport(), mounts=mounts, timeout=_TIMEOUT, trust_env=False)


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep none. httpx would turn each request into one of urllib's to look for them, a fifth of a call's cost."""


_NO_COOKIES: Final = _NoCookies()


class _Client(httpx.AsyncClient):
    """A client that keeps no cookies: they would go from one caller's answer into another's request."""

    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise TypeError("This client keeps no cookies.")


def _proxies(environ: Mapping[str, str]) -> dict[str, httpx.AsyncBaseTransport | None]:
    """Which URLs go through which proxy, by httpx's patterns: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.

    As everywhere, the names may be in lower case too, and these win.
    """
    no_proxy = _setting(environ, "no_proxy").replace(",", " ").split()
    if "*" in no_proxy:
        return {}
    mounts: dict[str, httpx.AsyncBaseTransport | None] = {}
    for scheme in ("http", "https", "all"):
        if url := _setting(environ, f"{scheme}_proxy"):
            mounts[f"{scheme}://"] = _through(url)
    if mounts:
        mounts.update({_pattern(host): None for host in no_proxy})
    return mounts


def _setting(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _pattern(host: str) -> str:
    """A member of `NO_PROXY` as httpx's pattern. A name stands for its subdomains as well."""
    if "://" in host:
        return host
    if host.count(":") > 1 and not host.startswith("["):
        return f"all://[{host}]"
    if host[0] in "[*" or host[-1].isdigit() or host.lower() == "localhost":
        return f"all://{host}"
    return f"all://*{host}"


def _through(url: str) -> httpx.AsyncBaseTransport:
    """httpx's own transport through the proxy at `url`."""
    context = default_context()
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
        if proxy.url.scheme == "https":
            proxy.ssl_context = context
        limits = httpx.Limits(max_connections=None)
        return httpx.AsyncHTTPTransport(proxy=proxy, verify=context, limits=limits, trust_env=False)
    except (ImportError, ValueError, httpx.InvalidURL):
        return _NoSuchProxy()


class _NoSuchProxy(httpx.AsyncBaseTransport):
    """In the place of a proxy that cannot be used. To go around it is not what the deployment wants."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `httpx.ProxyError`."""
        raise httpx.ProxyError("The proxy that the environment names is none that can be used: http and https can.")
