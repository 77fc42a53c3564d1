"""pydantic-ai: tools, and structured output in each of its ways."""

# mypy: ignore-errors
import asyncio

from cases import KEY, MODEL, QUESTION, TELL, URL, City, get_weather, run
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=URL, api_key=KEY))


def ask(question=QUESTION, **options):
    return lambda: Agent(model, **options).run_sync(question).output


def streamed():
    async def collect():
        agent = Agent(model, tools=[get_weather])
        async with agent.run_stream(QUESTION) as result:
            return await result.get_output()

    return asyncio.run(collect())


run(
    tools=ask(tools=[get_weather]),
    streamed=streamed,
    tools_and_tool_output=ask(tools=[get_weather], output_type=ToolOutput(City)),
    tool_output=ask(TELL, output_type=ToolOutput(City)),
    tool_output_strict=ask(TELL, output_type=ToolOutput(City, strict=True)),
    native_output=ask(TELL, output_type=NativeOutput(City)),
    native_output_strict=ask(TELL, output_type=NativeOutput(City, strict=True)),
    prompted_output=ask(TELL, output_type=PromptedOutput(City)),
)
