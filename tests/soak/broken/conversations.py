"""No conversation is deleted."""

from lib.upstreams.chatglm.chat.conversation import Conversations


async def delete(self: Conversations) -> None:
    return


Conversations.delete = delete  # type: ignore[method-assign]
