"""instructor: its modes for chat completions."""

# mypy: ignore-errors
from collections.abc import Iterable

import instructor
from cases import KEY, MODEL, TELL, URL, City, run
from openai import OpenAI

told = [{"role": "user", "content": TELL}]


def ask(mode):
    def case():
        client = instructor.from_openai(OpenAI(base_url=URL, api_key=KEY, max_retries=0), mode=mode)
        wanted = Iterable[City] if mode is instructor.Mode.PARALLEL_TOOLS else City
        found = client.chat.completions.create(model=MODEL, messages=told, response_model=wanted, max_retries=0)
        return next(iter(found)) if mode is instructor.Mode.PARALLEL_TOOLS else found

    return case


def partial():
    client = instructor.from_openai(OpenAI(base_url=URL, api_key=KEY, max_retries=0), mode=instructor.Mode.TOOLS)
    *_, last = client.chat.completions.create_partial(model=MODEL, messages=told, response_model=City)
    return City(**last.model_dump())


modes = ("FUNCTIONS", "PARALLEL_TOOLS", "TOOLS", "TOOLS_STRICT", "JSON", "JSON_O1", "MD_JSON", "JSON_SCHEMA")
run(partial=partial, **{name.lower(): ask(instructor.Mode[name]) for name in modes})
