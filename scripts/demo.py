"""The demo: the bundle, a stand-in for chatglm.cn behind it, and one streamed answer through the official client."""

import os
import signal
import sys
from contextlib import suppress

from tests.bundle import Bundle, serve
from tests.upstream import StandIn

QUESTION = "Hello! Who are you?"
FRAME_DELAY = 0.04
"""Seconds between two deltas, about as the real service writes."""


def main() -> None:
    """Show one answer, then serve until interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with StandIn(delay=FRAME_DELAY) as upstream:
        token = upstream.account().refresh_token
        environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_ALLOW_PRIVATE_URLS": "1"}
        with serve(environ, port=int(os.environ.get("PORT", 8000))) as bundle:
            show_answer(bundle, token)
            show_how(bundle, token)
            bundle.process.wait()


def show_answer(bundle: Bundle, token: str) -> None:
    """Ask one question, and print the answer as it arrives."""
    print(f"You: {QUESTION}\nAnswer: ", end="", flush=True)
    messages = [{"role": "user", "content": QUESTION}]
    for chunk in bundle.client(token).chat.completions.create(model="glm-5.3", messages=messages, stream=True):
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()


def show_how(bundle: Bundle, token: str) -> None:
    """Print what to try next."""
    print(
        f"""
The bundle serves at {bundle.url}, the page to try it on too. The API key of the demo is this token:

{token}

The same question with curl:

curl -N {bundle.url}/v1/chat/completions -H "Authorization: Bearer {token}" -H "Content-Type: application/json" \\
    -d '{{"model": "glm-5.3", "stream": true, "messages": [{{"role": "user", "content": "{QUESTION}"}}]}}'

Stop with Ctrl-C.""",
        flush=True,
    )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
