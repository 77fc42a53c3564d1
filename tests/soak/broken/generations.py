"""No generation is stopped."""

from lib.upstreams.chatglm.conversation import Conversations


async def stop(self: Conversations, message_id: str) -> None:
    return


Conversations.stop = stop  # type: ignore[method-assign]
