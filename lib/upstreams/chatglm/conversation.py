"""Conversations on the service: how one is stopped, and how it is taken out of the account's list."""

from lib.upstreams.chatglm.service import Service
from lib.upstreams.chatglm.token import Token

_STOP = "/chatglm/mainchat-api/stream/stop_stream"  # protocol: [once]
_DELETE = "/chatglm/mainchat-api/conversation/bulk_delete"  # protocol: 2026 [sure]


async def stop(service: Service, token: Token, message_id: str) -> None:
    """End the generation of an answer. Raises what the service refuses with."""
    await service.call("POST", _STOP, token, json={"history_id": message_id})


async def delete(service: Service, token: Token, conversation_id: str, assistant_id: str) -> None:
    """Take a conversation out of the account's list. Raises what the service refuses with."""
    body = {"conversation_ids": [conversation_id], "assistant_id": assistant_id}
    await service.call("POST", _DELETE, token, json=body)
