"""Writes the hashes of the page's script and style into the page's own policy: run it after a change of the page.

    python -m scripts.page

A browser runs no script and applies no style that the policy does not name by its hash (CSP Level 3, section 2.3.1).
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

PAGE = Path(__file__).parent.parent / "public" / "index.html"


def hashed(html: str) -> str:
    """The page with the hashes that it should have."""
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        html = re.sub(f"{tag}-src '[^']*'", f"{tag}-src 'sha256-{digest}'", html)
    return html


if __name__ == "__main__":
    PAGE.write_text(hashed(PAGE.read_text()))
