"""The plain proxy that one would write first: what the bundle is measured against. It understands the same events."""

import json
import os
import time
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

URL = os.environ.get("GLM_CHATGLM_URL", "https://chatglm.cn") + "/chatglm/backend-api/assistant/stream"
client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None))


async def ask(authorization: str, messages: list[dict[str, str]]) -> AsyncIterator[str]:
    prompt = "\n".join(f"<|{message['role']}|>\n{message['content']}" for message in messages)
    body = {"assistant_id": "65940acff94777010aa6b796", "conversation_id": "", "messages": [
        {"role": "user", "content": [{"type": "text", "text": prompt}]}]}  # fmt: skip
    texts: dict[str, str] = {}
    headers = {"Authorization": authorization, "Accept": "text/event-stream"}
    async with client.stream("POST", URL, json=body, headers=headers) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data:"):
                continue
            for part in json.loads(line[5:])["parts"]:
                for content in part["content"]:
                    before = texts.get(part["logic_id"], "")
                    text = content["text"]
                    if part["status"] == "init" and not (before and text.startswith(before)):
                        text = before + text
                    texts[part["logic_id"]] = text
                    if text[len(before) :]:
                        yield text[len(before) :]


async def complete(request: Request) -> Response:
    wanted = await request.json()
    answer = ask(request.headers["authorization"], wanted["messages"])
    head = {"id": "chatcmpl", "object": "chat.completion.chunk", "created": int(time.time()), "model": wanted["model"]}
    if not wanted.get("stream"):
        message = {"role": "assistant", "content": "".join([text async for text in answer])}
        return JSONResponse(head | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    async def events() -> AsyncIterator[str]:
        async for text in answer:
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
            yield f"data: {json.dumps(head | {'choices': [choice]}, ensure_ascii=False)}\n\n"
        yield f"data: {json.dumps(head | {'choices': [{'index': 0, 'delta': {}, 'finish_reason': 'stop'}]})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
