"""What the programs have in common: where the bundle is, a tool, what is to be told of a city, and their cases."""

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

URL = f"{os.environ['URL']}/v1"
KEY = os.environ["KEY"]
MODEL = "glm-4.7"
QUESTION = "How is the weather in Beijing?"
TELL = "Tell me of Beijing."


class City(BaseModel):
    """A city."""

    name: str
    population: int
    districts: list[str]
    mayor: str | None = None


def get_weather(city: str, days: int) -> str:
    """The weather in a city.

    Args:
        city: The city.
        days: For how many days.
    """
    assert isinstance(days, int)
    return f"sunny in {city} for {days} days"


def run(**cases: Callable[[], Any]) -> None:
    """Print what comes of each case, as one line of JSON."""
    found = {}
    for name, case in cases.items():
        try:
            value = case()
            found[name] = value.model_dump() if isinstance(value, BaseModel) else value
        except Exception:
            found[name] = traceback.format_exc()[-3000:]
    print(json.dumps(found))
