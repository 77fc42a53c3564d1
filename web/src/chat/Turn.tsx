import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { MarkdownText } from "../markdown/MarkdownText";
import { paid } from "../state/key";
import { works } from "../state/work";
import { CopyButton } from "../ui/CopyButton";
import { Failure } from "../ui/Failure";
import { FileList } from "../ui/FileList";
import { short, useSeconds } from "../ui/seconds";
import { t } from "../words";
import { again, edit, goOn } from "./ask";
import { Answer, lastAnswer, type Question, turns } from "./turns";

export function QuestionTurn({ question }: { question: Question }): JSX.Element {
  return (
    <article class="you">
      <h2 class="hidden">{t("you")}</h2>
      <div class="bubble">
        {question.text && <div class="words">{question.text}</div>}
        <FileList files={question.files} />
      </div>
      <div class="actions">
        <button type="button" class="small quiet" onClick={() => edit(question)}>
          {t("edit")}
        </button>
      </div>
    </article>
  );
}

export function AnswerTurn({ answer }: { answer: Answer }): JSX.Element {
  const { text, phase, problem, sources, author, askedName } = answer.now;
  return (
    <article class="answer" aria-busy={answer.isRunning}>
      <h2>
        {author}
        {askedName && <small> · {t("asked_for", { model: askedName })}</small>}
      </h2>
      <Thoughts answer={answer} />
      {phase === "waiting" && !text && <Waiting answer={answer} />}
      <MarkdownText text={text} writing={answer.isRunning && phase !== "thinking"} />
      {sources.length > 0 && <Sources answer={answer} />}
      <Ending answer={answer} />
      {problem && (
        <Failure problem={problem}>
          {!text && lastAnswer() === answer && !problem.isFinal && (
            <button type="button" class="small" onClick={again}>
              {t("retry")}
            </button>
          )}
        </Failure>
      )}
      {!answer.isRunning && <Actions answer={answer} />}
    </article>
  );
}

/** Seconds without a word after which the page says what it waits for. */
const QUIET_SECONDS = 3;

function Waiting({ answer }: { answer: Answer }): JSX.Element {
  useSeconds(true);
  const seconds = Math.floor((performance.now() - answer.asked) / 1000);
  if (answer.hasTurn || seconds < QUIET_SECONDS) return <p class="waiting">{t("thinking")}</p>;
  return <p class="waiting">{t(paid.value ? "waiting_service" : "waiting_turn", { seconds })}</p>;
}

function Thoughts({ answer }: { answer: Answer }): JSX.Element | null {
  const { thoughts, phase, thinking, firstWord, asked } = answer.now;
  const busy = phase === "thinking";
  const open = useSignal(busy);
  useSeconds(busy);
  useEffect(() => {
    open.value = busy;
  }, [busy]);
  if (!thoughts) return null;
  const soFar = (performance.now() - asked) / 1000 - (firstWord ?? 0);
  const label = busy
    ? t("thinking_for", { seconds: Math.floor(soFar) })
    : thinking === null
      ? t("thought")
      : t("thought_for", { seconds: Math.max(1, Math.round(thinking)) });
  return (
    <details
      class="thoughts"
      open={open.value}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{label}</summary>
      <div class="reasoning">{thoughts}</div>
    </details>
  );
}

function Sources({ answer }: { answer: Answer }): JSX.Element {
  return (
    <details class="sources" open>
      <summary>{t("sources")}</summary>
      <ol>
        {answer.now.sources.map(({ url, title }) => (
          <li key={url}>{isAddress(url) ? <a href={url} target="_blank" rel="noopener">{title || url}</a> : title || url}</li>
        ))}
      </ol>
    </details>
  );
}

/** What the end of an answer means, where it is not simply complete. */
function Ending({ answer }: { answer: Answer }): JSX.Element | null {
  const { phase, ending } = answer.now;
  const words =
    phase === "stopped"
      ? t("stopped")
      : phase === "complete" && ending === "length"
        ? t("at_limit")
        : phase === "complete" && ending === "content_filter"
          ? t("filtered")
          : "";
  return words ? <p class="ending">{words}</p> : null;
}

function Actions({ answer }: { answer: Answer }): JSX.Element {
  const { text, isPartial, problem } = answer.now;
  const isLast = turns.value.at(-1) === answer;
  const idle = !works.chat.running.value;
  return (
    <div class="actions">
      {text && <CopyButton text={() => text} name={t("copy_answer")} />}
      {isLast && idle && isPartial && (
        <button type="button" class="small" onClick={goOn}>
          {t("go_on")}
        </button>
      )}
      {isLast && idle && !(problem && !text) && (
        <button type="button" class="small quiet" onClick={again}>
          {t("regenerate")}
        </button>
      )}
      <Figures answer={answer} />
    </div>
  );
}

function Figures({ answer }: { answer: Answer }): JSX.Element | null {
  const { usage, firstWord, took, text, answeredBy } = answer.now;
  if (!text) return null;
  const figures = [];
  if (firstWord !== null) figures.push(t("first_word", { seconds: short(firstWord) }));
  if (took !== null) figures.push(t("took", { seconds: short(took) }));
  if (usage) {
    const { prompt_tokens: prompt, completion_tokens: completion } = usage;
    figures.push(t(answeredBy.startsWith("bigmodel/") && !usage.estimated ? "tokens" : "tokens_about", { prompt, completion }));
  }
  return <small class="figures">{figures.join(" · ")}</small>;
}

function isAddress(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
