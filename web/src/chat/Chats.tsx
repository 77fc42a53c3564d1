import type { JSX } from "preact";
import { Popover } from "../ui/Popover";
import { t } from "../words";
import { chats, deleted, type Kept, open, remove, shown, undo } from "./keep";

/** The chats of this tab: to show another one, or delete it. */
export function Chats(): JSX.Element | null {
  if (!chats.value.length) return null;
  return (
    <Popover label={t("chats")} name={t("chats")}>
      {(close) => (
        <ul class="chats">
          {chats.value.map((chat) => (
            <Line key={chat.id} chat={chat} close={close} />
          ))}
        </ul>
      )}
    </Popover>
  );
}

function Line({ chat, close }: { chat: Kept; close: () => void }): JSX.Element {
  return (
    <li>
      <button
        type="button"
        class="small quiet"
        aria-current={chat.id === shown.value}
        onClick={() => {
          open(chat);
          close();
        }}
      >
        {chat.title}
      </button>
      <button type="button" class="small quiet" aria-label={t("delete_chat", { title: chat.title })} onClick={() => remove(chat)}>
        ×
      </button>
    </li>
  );
}

/** What was deleted, and the way back. */
export function Deleted(): JSX.Element | null {
  if (!deleted.value) return null;
  return (
    <p class="editing" role="status">
      {t("chat_deleted", { title: deleted.value.title })}{" "}
      <button type="button" class="small" onClick={undo}>
        {t("undo")}
      </button>
    </p>
  );
}
