import type { Signal } from "@preact/signals";
import type { ComponentChildren, JSX, RefObject } from "preact";
import type { Problem } from "../api/problem";
import type { Work } from "../state/work";
import { t } from "../words";
import { Failure } from "./Failure";

interface Props {
  /** The name of the field. */
  label: string;
  placeholder: string;
  text: Signal<string>;
  field: RefObject<HTMLTextAreaElement | null>;
  work: Work;
  /** What the button says while nothing goes on. */
  start: string;
  submit: () => Promise<void>;
  complaint: Problem | null;
  above?: ComponentChildren;
  children?: ComponentChildren;
}

/** A field with a button that starts something and, while that goes on, stops it. `children`: its tools. */
export function Composer(props: Props): JSX.Element {
  const { label, placeholder, text, field, work, start, submit, complaint, above, children } = props;
  const running = Boolean(work.running.value);
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (running) work.stop();
    else void submit();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!running) void submit();
  };
  return (
    <form class="composer" onSubmit={onSubmit}>
      {complaint && <Failure problem={complaint} />}
      {above}
      <div class="entry">
      <textarea
        ref={field}
        rows={1}
        aria-label={label}
        placeholder={placeholder}
        title={t("message_hint")}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onKeyDown={onKeyDown}
      />
        <button class={running ? "go stop" : "go"}>{running ? t("stop") : start}</button>
      </div>
      <div class="tools">{children}</div>
    </form>
  );
}
