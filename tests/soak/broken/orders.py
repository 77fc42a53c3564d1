"""Each video is ordered twice."""

from typing import Any

from lib.upstreams.chatglm.media import videos
from lib.upstreams.chatglm.session.account import Account

_call = videos._call


async def call(account: Account, method: str, path: str, body: Any = None) -> dict[str, Any]:
    if method == "POST":
        await _call(account, method, path, body)
    return await _call(account, method, path, body)


videos._call = call
