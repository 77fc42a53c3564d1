"""LangChain: an agent, whole and streamed, and structured output by each of its methods."""

# mypy: ignore-errors
from cases import KEY, MODEL, QUESTION, TELL, URL, City, get_weather, run
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model=MODEL, base_url=URL, api_key=KEY, max_retries=0)
asked = {"messages": [{"role": "user", "content": QUESTION}]}


def agent():
    return create_agent(model, tools=[get_weather]).invoke(asked)["messages"][-1].content


def streamed_agent():
    pieces = create_agent(model, tools=[get_weather]).stream(asked, stream_mode="messages")
    return "".join(piece.content for piece, _ in pieces if piece.type == "AIMessageChunk")


def with_tool_strategy():
    made = create_agent(model, tools=[get_weather], response_format=ToolStrategy(City))
    return made.invoke(asked)["structured_response"]


def with_provider_strategy():
    made = create_agent(model, tools=[get_weather], response_format=ProviderStrategy(City))
    return made.invoke(asked)["structured_response"]


def structured(method, **options):
    wanted = model.with_structured_output(City, method=method, **options)
    return lambda: wanted.invoke(f"{TELL} Answer in JSON.")


run(
    agent=agent,
    streamed_agent=streamed_agent,
    with_tool_strategy=with_tool_strategy,
    with_provider_strategy=with_provider_strategy,
    function_calling=structured("function_calling"),
    function_calling_strict=structured("function_calling", strict=True),
    json_mode=structured("json_mode"),
    json_schema=structured("json_schema"),
    json_schema_strict=structured("json_schema", strict=True),
    bound_any=lambda: model.bind_tools([get_weather], tool_choice="any").invoke(QUESTION).tool_calls[0]["args"],
)
