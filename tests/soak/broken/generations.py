"""No generation is stopped."""

from lib.upstreams.chatglm.chat.conversation import Conversations


async def stop(self: Conversations, message_id: str) -> None:
    return


Conversations.stop = stop  # type: ignore[method-assign]
