"""Where tools that tests install are kept: outside of the checkout, so that each clone finds them."""

import os
from pathlib import Path

DOWNLOADS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glm-functions"
