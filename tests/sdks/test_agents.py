"""Agent frameworks and clients for structured output, unchanged: with either way of calling, and on each platform."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.bundle import Bundle
from tests.platforms import aws, npm
from tests.platforms.vercel import Deployment, build
from tests.sdks import program
from tests.sdks.playing import Way, assistant
from tests.upstream import StandIn

pytestmark = pytest.mark.platform

WEATHER: Final = {"city": "北京", "days": 3}
SAYS: Final = "They say: sunny in 北京 for 3 days."
CITY: Final = {"name": "北京", "population": 21_540_000, "districts": ["东城", "西城"], "mayor": None}
CALLS: Final[dict[str, dict[str, Any]]] = {
    "transfer_to_weather": {},
    "get_weather": WEATHER,
    "City": CITY,  # LangChain's and instructor's name for what they want.
    "PartialCity": CITY,
    "final_result": CITY,  # pydantic-ai's.
}
WRITTEN: Final = f"Here it is:\n```json\n{json.dumps(CITY, ensure_ascii=False)}\n```\n"
"""As models write JSON that is to stand alone."""

EXPECTED: Final[dict[str, dict[str, Any]]] = {
    "openai": {"runTools": SAYS, "streamed": SAYS, "pieces": WEATHER, "parse": CITY},
    "ai": {
        "generateText": SAYS,
        "streamText": SAYS,
        "required": WEATHER,
        "generateObject": CITY,
        "generateObjectBySchema": CITY,
        "streamObject": CITY,
        "outputWithTools": CITY,
    },
    "langchain": {
        "agent": SAYS,
        "streamed_agent": SAYS,
        "with_tool_strategy": CITY,
        "with_provider_strategy": CITY,
        "function_calling": CITY,
        "function_calling_strict": CITY,
        "json_mode": CITY,
        "json_schema": CITY,
        "json_schema_strict": CITY,
        "bound_any": WEATHER,
    },
    "pydantic_ai": {
        "tools": SAYS,
        "streamed": SAYS,
        "tools_and_tool_output": CITY,
        "tool_output": CITY,
        "tool_output_strict": CITY,
        "native_output": CITY,
        "native_output_strict": CITY,
        "prompted_output": CITY,
    },
    "instructor": {
        "partial": CITY,
        "functions": CITY,
        "parallel_tools": CITY,
        "tools": CITY,
        "tools_strict": CITY,
        "json": CITY,
        "json_o1": CITY,
        "md_json": CITY,
        "json_schema": CITY,
    },
    "openai_agents": {
        "tool": SAYS,
        "required": SAYS,
        "one_at_a_time": SAYS,
        "streamed": SAYS,
        "handoff": SAYS,
        "output_type": CITY,
        "tool_and_output_type": CITY,
    },
    "responses": {
        "agents_tool": SAYS,
        "agents_handoff": SAYS,
        "agents_output_type": CITY,
        "agents_tool_and_output_type": CITY,
        "langchain_agent": SAYS,
        "langchain_provider_strategy": CITY,
        "langchain_function_calling": CITY,
        "langchain_json_mode": CITY,
        "langchain_json_schema": CITY,
        "langchain_json_schema_strict": CITY,
        "pydantic_ai_tools": SAYS,
        "pydantic_ai_tool_output": CITY,
        "pydantic_ai_native_output": CITY,
        "instructor_tools": CITY,
    },
    "gemini": {
        "chat": SAYS,
        "streamed": SAYS,
        "automatic": SAYS,
        "schema": CITY,
        "jsonSchema": CITY,
        "count": True,
        "models": True,
    },
    "aisdk": {
        "generateText": SAYS,
        "withoutStore": SAYS,
        "required": WEATHER,
        "generateObject": CITY,
        "streamObject": CITY,
        "outputWithTools": CITY,
    },
}
"""What comes of each case of each program."""


def found(name: str, upstream: StandIn, url: str, way: Way) -> dict[str, Any]:
    """What comes of the cases of a program, when the model calls tools in this way."""
    upstream.play(assistant(CALLS, WRITTEN, way))
    # Instances without a store in common can only share a token that is not taken out of use.
    return program.run(name, url, upstream.account(rotation="lenient").refresh_token)


@pytest.mark.parametrize("way", ["trained", "native"])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_program_runs_unchanged(upstream: StandIn, bundle: Bundle, name: str, way: Way) -> None:
    assert found(name, upstream, bundle.url, way) == EXPECTED[name]


@pytest.fixture(scope="module")
def on_vercel(stand_in: StandIn) -> Iterator[str]:
    npm.need("vercel", "vercel")
    with Deployment(build(), {"GLM_CHATGLM_URL": stand_in.url}) as deployment:
        yield deployment.url


@pytest.fixture(scope="module")
def on_lambda(stand_in: StandIn) -> Iterator[str]:
    with aws.Function(aws.package(), "chat", GLM_CHATGLM_URL=stand_in.url) as function:
        yield function.url


@pytest.fixture(scope="module")
def on_lambda_streamed(stand_in: StandIn) -> Iterator[str]:
    with aws.Server(aws.package(), GLM_CHATGLM_URL=stand_in.url) as server:
        yield server.url


@pytest.mark.parametrize(
    ("platform", "name"),
    [("on_vercel", "ai"), ("on_vercel", "pydantic_ai"), ("on_lambda", "langchain"), ("on_lambda_streamed", "openai")],
)
def test_and_on_the_platforms(upstream: StandIn, platform: str, name: str, request: pytest.FixtureRequest) -> None:
    assert found(name, upstream, request.getfixturevalue(platform), "trained") == EXPECTED[name]
