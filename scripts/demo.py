"""The demo: the bundle, stand-ins for both services behind it, and one streamed answer through the official client."""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.upstream import StandIn

KEPT = Path(__file__).resolve().parent.parent / ".cache" / "demo.json"
"""The keys of the stand-ins: of use for nothing else."""
QUESTION = "Hello! Who are you?"
DELTA_DELAY = 0.04
"""Seconds between two deltas, about as the real services write."""


def main() -> None:
    """Show one answer, then serve until interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with StandIn(delay=DELTA_DELAY) as upstream, Platform(delay=DELTA_DELAY) as platform:
        token, api_key = keys(upstream, platform)
        environ = {
            "GLM_CHATGLM_URL": upstream.url,
            "GLM_PLATFORM_URL": platform.url,
            "GLM_ALLOW_PRIVATE_URLS": "1",
        }
        with serve(environ, port=int(os.environ.get("PORT", 8000))) as bundle:
            show_answer(bundle, token)
            show_how(bundle, token, api_key)
            bundle.process.wait()


def keys(upstream: StandIn, platform: Platform) -> tuple[str, str]:
    """The token and the API key of the last demo, so that what was set up with them works still; else new ones."""
    accounts = upstream.service.accounts
    try:
        kept = json.loads(KEPT.read_text())
        token = accounts.restore(bytes.fromhex(kept["signed_with"]), kept["token"]).refresh_token
        api_key = platform.key(text=kept["api_key"])
    except (OSError, ValueError, KeyError):
        token, api_key = upstream.account().refresh_token, platform.key()
    with suppress(OSError):
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps({"signed_with": accounts.key.hex(), "token": token, "api_key": api_key}))
    return token, api_key


def show_answer(bundle: Bundle, token: str) -> None:
    """Ask one question, and print the answer as it arrives."""
    print(f"You: {QUESTION}\nAnswer: ", end="", flush=True)
    asked: Any = {"model": "glm-5.3", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
    answer: Any = bundle.client(token).chat.completions.create(**asked)
    for chunk in answer:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()


def show_how(bundle: Bundle, token: str, api_key: str) -> None:
    """Print what to try next."""
    print(
        f"""
Open this link in a browser; it brings along the token after the =:

{bundle.url}/#key={token}

The open platform has a stand-in too. Its API key, alone or behind the token and a comma:

{api_key}

For the examples of the README and of docs/, in another terminal:

export URL={bundle.url}
export TOKEN={token}

Stop with Ctrl-C.""",
        flush=True,
    )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
