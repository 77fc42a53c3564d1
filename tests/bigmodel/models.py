"""The names of the platform's models, and what each kind takes."""

import re

CAPS = {
    **dict.fromkeys(("glm-5.4", "glm-5.3", "glm-5.3-flash", "glm-5.3-flashx", "glm-5.2", "glm-5.1", "glm-5"), 131072),
    **dict.fromkeys(("glm-5-turbo", "glm-5v-turbo", "glm-4.7", "glm-4.7-flash", "glm-4.7-flashx"), 131072),
    **dict.fromkeys(("glm-4.6", "glm-4.5"), 131072),
    **dict.fromkeys(("glm-4.5-air", "glm-4.5-airx", "glm-4.5-flash"), 98304),
    **dict.fromkeys(("glm-4.6v", "glm-4.6v-flash", "glm-4.6v-flashx"), 32768),
    **dict.fromkeys(("glm-4.5v", "glm-4.1v-thinking-flash", "glm-4.1v-thinking-flashx"), 16384),
    **dict.fromkeys(("glm-4-flash-250414", "glm-4-flashx-250414"), 16384),
    "glm-4-long": 4096,
    "glm-4v-flash": 1024,
    "autoglm-phone": 2048,
}
"""The largest `max_tokens` that each model takes (open platform, "Models")."""
ALWAYS_THINK = frozenset({"glm-5.4", "glm-5.3", "glm-5.3-flash", "glm-5.3-flashx"})
VISION = frozenset({"glm-5.4", "glm-5.3-flash", "glm-5.3-flashx", "glm-4v-flash", "autoglm-phone"}) | frozenset(
    name for name in CAPS if re.match(r"glm-[\d.]+v", name)
)
LISTED = (
    *("glm-4.5", "glm-4.5-air", "glm-4.6", "glm-4.7", "glm-5", "glm-5-turbo", "glm-5.1", "glm-5.2"),
    *("glm-5.3", "glm-5.3-flash", "glm-5.3-flashx"),
)
"""What `/models` gave on 9 October 2026: no free model, and of those that see the 5.3 alone."""
TOKENIZER = ("glm-4.6", "glm-4.6v", "glm-4.5", "glm-4.5-air")
IMAGES = ("glm-image", "cogview-4", "cogview-4-250304", "cogview-3-flash")
EMBEDDINGS = ("embedding-3", "embedding-2")
VIDEOS = re.compile(r"cogvideox-3|cogvideox-flash|viduq1-[a-z]+|vidu2-[a-z]+")

_VERSION = re.compile(r"glm-(\d+(?:\.\d+)?)")


def version(name: str) -> float:
    """Return the number in a model's name."""
    found = _VERSION.match(name)
    return float(found[1]) if found else 0.0
