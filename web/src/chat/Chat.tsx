import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as key from "../state/key";
import { works } from "../state/work";
import { Composer } from "../ui/Composer";
import { Empty } from "../ui/Empty";
import { FileList } from "../ui/FileList";
import { FilePicker } from "../ui/FilePicker";
import { t } from "../words";
import { basket, cancelEdit, complaint, draft, send, summons } from "./ask";
import { Chats, Deleted } from "./Chats";
import { begin, deleted } from "./keep";
import { Log } from "./Log";
import { Options } from "./Options";
import { Answer, edited, lastAnswer, turns } from "./turns";
import { AnswerTurn, QuestionTurn } from "./Turn";

const EXAMPLES = ["example_chat_1", "example_chat_2", "example_chat_3", "example_chat_4"] as const;

export function Chat(): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const focus = (): void => field.current?.focus();
  useEffect(() => {
    if (edited.value) focus();
  }, [edited.value]);

  const submit = async (): Promise<void> => {
    const sending = send();
    if (complaint.value?.word === "key_first") key.ask();
    else focus();
    await sending;
  };
  const fresh = !turns.value.length;
  return (
    <>
      <Log label={t("log")} summons={summons.value}>
        {fresh && (
          <Empty
            title="empty_chat"
            examples={[...EXAMPLES]}
            choose={(text) => {
              draft.value = text;
              focus();
            }}
          />
        )}
        {turns.value.map((turn) =>
          turn instanceof Answer ? <AnswerTurn key={turn.id} answer={turn} /> : <QuestionTurn key={turn.id} question={turn} />,
        )}
      </Log>
      <Status />
      <Composer
        label={t("message")}
        placeholder={t("message_placeholder")}
        text={draft}
        field={field}
        work={works.chat}
        start={t("send")}
        submit={submit}
        complaint={complaint.value ?? basket.problem.value}
        above={
          <>
            <Deleted />
            {edited.value && (
              <p class="editing">
                {t("editing")}{" "}
                <button type="button" class="small" onClick={cancelEdit}>
                  {t("cancel")}
                </button>
              </p>
            )}
            {key.paid.value && basket.items.value.some((file) => !file.isPicture && !file.type.startsWith("text/")) && (
              <p class="cost">{t("cost_pages")}</p>
            )}
            {basket.smaller.value && <p role="status">{t("made_smaller", { name: basket.smaller.value })}</p>}
            <FileList
              files={basket.items.value}
              remove={(file) => {
                basket.remove(file);
                focus();
              }}
            />
          </>
        }
      >
        <FilePicker basket={basket} label={t("add_files")} />
        <Options />
        <Chats />
        {!fresh && (
          <button
            type="button"
            class="tool new-chat"
            onClick={() => {
              begin();
              deleted.value = null;
              complaint.value = null;
              focus();
            }}
          >
            {t("new_chat")}
          </button>
        )}
      </Composer>
    </>
  );
}

/** For those who do not see the answer grow: how far it is, and not every word. */
function Status(): JSX.Element {
  const answer = lastAnswer()?.now;
  return (
    <p class="hidden" role="status">
      {answer && words(answer)}
    </p>
  );
}

function words({ phase, ending }: Answer): string {
  if (phase === "writing") return t("writing");
  if (phase === "stopped") return t("stopped");
  if (phase === "failed") return "";
  if (phase !== "complete") return t("thinking");
  if (ending === "length") return t("at_limit");
  return t(ending === "content_filter" ? "filtered" : "complete");
}
