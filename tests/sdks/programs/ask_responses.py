"""Clients that use Responses, by default or where told to: agents, tools, and answers of a type."""

# mypy: ignore-errors
import instructor
from agents import Agent, Runner, function_tool, set_tracing_disabled
from cases import MODEL, QUESTION, TELL, City, get_weather, run
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy
from langchain_openai import ChatOpenAI
from openai import OpenAI
from pydantic_ai import Agent as TypedAgent
from pydantic_ai import NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIResponsesModel

set_tracing_disabled(True)
langchain = ChatOpenAI(model=MODEL, use_responses_api=True, max_retries=0)
typed = OpenAIResponsesModel(MODEL)
weather = function_tool(get_weather)


def agent(question=QUESTION, **options):
    return lambda: Runner.run_sync(Agent(name="Weather", model=MODEL, **options), question).final_output


def langchain_agent(**options):
    asked = {"messages": [{"role": "user", "content": QUESTION}]}
    return create_agent(langchain, tools=[get_weather], **options).invoke(asked)


def structured(method, **options):
    return lambda: langchain.with_structured_output(City, method=method, **options).invoke(f"{TELL} Answer in JSON.")


def instructor_tools():
    client = instructor.from_openai(OpenAI(max_retries=0), mode=instructor.Mode.RESPONSES_TOOLS)
    return client.responses.create(model=MODEL, input=TELL, response_model=City)


run(
    agents_tool=agent(tools=[weather]),
    agents_handoff=agent(handoffs=[Agent(name="Weather", model=MODEL, tools=[weather])]),
    agents_output_type=agent(TELL, output_type=City),
    agents_tool_and_output_type=agent(tools=[weather], output_type=City),
    langchain_agent=lambda: langchain_agent()["messages"][-1].text,
    langchain_provider_strategy=lambda: langchain_agent(response_format=ProviderStrategy(City))["structured_response"],
    langchain_function_calling=structured("function_calling"),
    langchain_json_mode=structured("json_mode"),
    langchain_json_schema=structured("json_schema"),
    langchain_json_schema_strict=structured("json_schema", strict=True),
    pydantic_ai_tools=lambda: TypedAgent(typed, tools=[get_weather]).run_sync(QUESTION).output,
    pydantic_ai_tool_output=lambda: TypedAgent(typed, output_type=ToolOutput(City)).run_sync(TELL).output,
    pydantic_ai_native_output=lambda: TypedAgent(typed, output_type=NativeOutput(City)).run_sync(TELL).output,
    instructor_tools=instructor_tools,
)
