"""openai-agents over chat completions: a tool, whole and streamed, a handoff, and an answer of a type."""

# mypy: ignore-errors
import asyncio

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from cases import KEY, MODEL, QUESTION, TELL, URL, City, get_weather, run
from openai import AsyncOpenAI

set_tracing_disabled(True)
tool = function_tool(get_weather)


def agent(**options):
    model = OpenAIChatCompletionsModel(MODEL, AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0))
    return Agent(name="Weather", instructions="You know the weather.", model=model, **options)


def ask(question=QUESTION, **options):
    return lambda: Runner.run_sync(agent(**options), question).final_output


def streamed():
    async def collect():
        result = Runner.run_streamed(agent(tools=[tool]), QUESTION)
        async for _ in result.stream_events():
            pass
        return result.final_output

    return asyncio.run(collect())


def handoff():
    first = agent(handoffs=[agent(tools=[tool])])
    first.name = "Front"
    return Runner.run_sync(first, QUESTION).final_output


run(
    tool=ask(tools=[tool]),
    required=ask(tools=[tool], model_settings=ModelSettings(tool_choice="required")),
    one_at_a_time=ask(tools=[tool], model_settings=ModelSettings(parallel_tool_calls=False)),
    streamed=streamed,
    handoff=handoff,
    output_type=ask(TELL, output_type=City),
    tool_and_output_type=ask(tools=[tool], output_type=City),
)
