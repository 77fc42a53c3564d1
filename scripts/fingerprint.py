"""What logs and `/token/check` call the tokens of the environment: `scripts/fingerprint`. No token is printed."""

import sys
import time

from lib import settings
from lib.accounts import keys
from lib.upstreams import choose


def main() -> None:
    """Print a line for each token: its fingerprint, its service, and until when it is good."""
    held = keys.parse(settings.current().tokens)
    if not held:
        sys.exit("GLM_TOKENS is not set, or holds no token.")
    for key in held:
        print(key.fingerprint, *_known(key.text))


def _known(key: str) -> list[str]:
    upstream = choose(key)
    if upstream is None:
        return ["no service's"]
    expires_at = upstream.expires_at(key)
    until = time.strftime("%Y-%m-%d", time.gmtime(expires_at)) if expires_at is not None else ""
    return [upstream.name, *([f"until {until}"] if until else [])]


if __name__ == "__main__":
    main()
