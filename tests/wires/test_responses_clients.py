"""Clients that use Responses by themselves, as their users write them down: openai-agents, LangChain, the AI SDK."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asking import sent, sent_text
from tests.bundle import Bundle
from tests.platforms import npm, pypi
from tests.upstream import Account, Answer, StandIn, Text, Think
from tests.wires.models import Call, Model, Turn, model

pytestmark = pytest.mark.platform

RUN_SECONDS = 120

AGENT = """
import asyncio
from agents import Agent, Runner, function_tool, set_tracing_disabled
set_tracing_disabled(True)

@function_tool
def weather(city: str) -> str:
    "The weather in a city."
    return f"Sunny in {city}."

agent = Agent(name="Helper", instructions="Be brief.", model="glm-5.3", tools=[weather] if TOOLS else [])

async def main():
    if STREAMED:
        result = Runner.run_streamed(agent, "How are you?")
        async for event in result.stream_events():
            pass
    else:
        result = await Runner.run(agent, "How are you?")
    print(result.final_output)

asyncio.run(main())
"""

LANGCHAIN = """
from langchain_openai import ChatOpenAI
llm = ChatOpenAI(model="glm-5.3", use_responses_api=True, max_retries=0)
if STREAMED:
    print("".join(chunk.text for chunk in llm.stream("How are you?")))
else:
    found = llm.invoke([("system", "Be brief."), ("user", "How are you?")])
    print(found.text, found.usage_metadata["total_tokens"] > 0)
"""

LANGCHAIN_TOOLS = """
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

class weather(BaseModel):
    "The weather in a city."
    city: str

llm = ChatOpenAI(model="glm-5.3", use_responses_api=True, max_retries=0).bind_tools([weather])
said = [HumanMessage("How are you?")]
said.append(llm.invoke(said))
for call in said[-1].tool_calls:
    said.append(ToolMessage("Sunny in " + call["args"]["city"] + ".", tool_call_id=call["id"]))
print(llm.invoke(said).text)
"""

AI_SDK = """
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, stepCountIs, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const weather = tool({
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `Sunny in ${city}.`,
});
const options = {
  model: openai("glm-5.3"),
  prompt: "How are you?",
  maxRetries: 0,
  ...(TOOLS && { tools: { weather }, stopWhen: stepCountIs(3), providerOptions: { openai: { store: false } } }),
};
if (STREAMED) {
  const result = streamText({ ...options, onError: ({ error }) => { throw error; } });
  let said = "";
  for await (const piece of result.textStream) said += piece;
  console.log(said);
} else {
  console.log((await generateText(options)).text);
}
"""


def python(bundle: Bundle, key: str, program: str, **constants: bool) -> str:
    """What a program prints that uses the client."""
    return _run([str(pypi.need("responses", "python")), "-c", _with(constants, program)], bundle, key)


def ai_sdk(bundle: Bundle, key: str, tmp_path: Path, **constants: bool) -> str:
    """What a program prints that uses the AI SDK."""
    try:
        folder = npm.install("aisdk")
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the AI SDK is needed on CI: {reason}")
        pytest.skip(f"the AI SDK is not available: {reason}")
    (tmp_path / "node_modules").symlink_to(folder / "node_modules")
    script = tmp_path / "ask.mjs"
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in constants.items())
    script.write_text(head + AI_SDK)
    return _run(["node", str(script)], bundle, key)


def _with(constants: dict[str, bool], program: str) -> str:
    return "".join(f"{name} = {value}\n" for name, value in constants.items()) + program


def _run(command: list[str], bundle: Bundle, key: str) -> str:
    environ = {
        "PATH": os.environ["PATH"],
        "OPENAI_BASE_URL": f"{bundle.url}/v1",
        "OPENAI_API_KEY": key,
        "NO_PROXY": "127.0.0.1",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # Nothing listens there.
    }
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=RUN_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        playing.play(Turn("Let me look.", (Call("weather", {"city": "Beijing"}),)), Turn("It is sunny."))
        yield playing


def check_tools(glm: Model, said: str) -> None:
    assert said == "It is sunny."
    assert "Sunny in Beijing." in glm.asked()[1]


@pytest.mark.parametrize("streamed", [True, False])
class TestText:
    @pytest.fixture(autouse=True)
    def answer(self, upstream: StandIn) -> None:
        upstream.script(Answer(Think("Hm."), Text("Fine, ", "thank ", "you.")))

    def test_openai_agents(self, bundle: Bundle, upstream: StandIn, account: Account, streamed: bool) -> None:
        said = python(bundle, account.refresh_token, AGENT, STREAMED=streamed, TOOLS=False)
        assert said == "Fine, thank you."
        assert "Be brief." in sent_text(upstream)

    def test_langchain(self, bundle: Bundle, account: Account, streamed: bool) -> None:
        said = python(bundle, account.refresh_token, LANGCHAIN, STREAMED=streamed)
        assert said == ("Fine, thank you." if streamed else "Fine, thank you. True")

    def test_ai_sdk(self, bundle: Bundle, upstream: StandIn, account: Account, tmp_path: Path, streamed: bool) -> None:
        said = ai_sdk(bundle, account.refresh_token, tmp_path, STREAMED=streamed, TOOLS=False)
        assert said == "Fine, thank you."
        metadata: Any = sent(upstream)["meta_data"]
        assert metadata["is_networking"] is False, "no search was declared"


@pytest.mark.parametrize("streamed", [True, False])
class TestTools:
    def test_openai_agents(self, glm: Model, streamed: bool) -> None:
        check_tools(glm, python(glm.bundle, glm.key, AGENT, STREAMED=streamed, TOOLS=True))

    def test_ai_sdk(self, glm: Model, tmp_path: Path, streamed: bool) -> None:
        said = ai_sdk(glm.bundle, glm.key, tmp_path, STREAMED=streamed, TOOLS=True)
        check_tools(glm, said.removeprefix("Let me look."))


def test_langchain_with_a_tool(glm: Model) -> None:
    check_tools(glm, python(glm.bundle, glm.key, LANGCHAIN_TOOLS))
