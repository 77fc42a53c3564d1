"""The demo: the bundle, stand-ins for both services behind it, and one streamed answer through the official client."""

import os
import signal
import sys
from contextlib import suppress

from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.upstream import StandIn

QUESTION = "Hello! Who are you?"
DELTA_DELAY = 0.04
"""Seconds between two deltas, about as the real services write."""


def main() -> None:
    """Show one answer, then serve until interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with StandIn(delay=DELTA_DELAY) as upstream, Platform(delay=DELTA_DELAY) as platform:
        token, api_key = upstream.account().refresh_token, platform.key()
        environ = {
            "GLM_CHATGLM_URL": upstream.url,
            "GLM_PLATFORM_URL": platform.url,
            "GLM_ALLOW_PRIVATE_URLS": "1",
        }
        with serve(environ, port=int(os.environ.get("PORT", 8000))) as bundle:
            show_answer(bundle, token)
            show_how(bundle, token, api_key)
            bundle.process.wait()


def show_answer(bundle: Bundle, token: str) -> None:
    """Ask one question, and print the answer as it arrives."""
    print(f"You: {QUESTION}\nAnswer: ", end="", flush=True)
    messages = [{"role": "user", "content": QUESTION}]
    for chunk in bundle.client(token).chat.completions.create(model="glm-5.3", messages=messages, stream=True):
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()


def show_how(bundle: Bundle, token: str, api_key: str) -> None:
    """Print what to try next."""
    print(
        f"""
Open {bundle.url} in a browser, and paste this token there:

{token}

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
