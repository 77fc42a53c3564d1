"""The names of the platform's models, and what each kind takes."""

import re

TEXT = (
    "glm-5.3",
    "glm-5.2",
    "glm-5.1",
    "glm-5-turbo",
    "glm-5",
    "glm-4.7",
    "glm-4.7-flash",
    "glm-4.7-flashx",
    "glm-4.6",
    "glm-4.5-air",
    "glm-4.5-airx",
    "glm-4.5-flash",
)
VISION = ("glm-5.3-flash", "glm-5v-turbo", "glm-4.6v", "glm-4.6v-flash", "glm-4.6v-flashx", "glm-4.5v")
TOKENIZER = ("glm-4.6", "glm-4.6v", "glm-4.5", "glm-4.5-air")
IMAGES = ("glm-image", "cogview-4", "cogview-4-250304", "cogview-3-flash")
EMBEDDINGS = ("embedding-3", "embedding-2")
VIDEOS = re.compile(r"cogvideox-3|cogvideox-flash|viduq1-[a-z]+|vidu2-[a-z]+")

_VERSION = re.compile(r"glm-(\d+(?:\.\d+)?)")


def version(name: str) -> float:
    """Return the number in a model's name."""
    found = _VERSION.match(name)
    return float(found[1]) if found else 0.0
