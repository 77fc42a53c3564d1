import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as key from "../state/key";
import { works } from "../state/work";
import { Composer } from "../ui/Composer";
import { Empty } from "../ui/Empty";
import { Failure } from "../ui/Failure";
import { Select } from "../ui/Select";
import { short } from "../ui/seconds";
import { t } from "../words";
import {
  again,
  choices,
  chosen,
  complaint,
  count,
  COUNTS,
  draft,
  draw,
  type Drawing,
  drawings,
  type Picture,
  shape,
  SHAPES,
} from "./drawings";

const EXAMPLES = ["example_pictures_1", "example_pictures_2", "example_pictures_3"] as const;

/** The picture that is shown larger. */
const larger = signal<Picture | null>(null);

export function Pictures(): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = async (): Promise<void> => {
    const drawing = draw();
    if (complaint.value?.word === "key_first") key.ask();
    await drawing;
  };
  return (
    <>
      <div class="log">
        <div class="scroller" role="region" aria-label={t("gallery")} tabIndex={0}>
          <div class="content">
            {!drawings.value.length && (
              <Empty
                title="empty_pictures"
                examples={[...EXAMPLES]}
                choose={(text) => {
                  draft.value = text;
                  field.current?.focus();
                }}
              />
            )}
            {drawings.value.map((drawing) => (
              <Gallery key={drawing.id} drawing={drawing} />
            ))}
          </div>
        </div>
      </div>
      <p class="hidden" role="status">
        {drawings.value[0] && status(drawings.value[0])}
      </p>
      <Composer
        label={t("draw_what")}
        placeholder={t("draw_placeholder")}
        text={draft}
        field={field}
        work={works.pictures}
        start={t("draw")}
        submit={submit}
        complaint={complaint.value}
        above={key.paid.value && <p class="cost">{t("cost_pictures", { count: count.value })}</p>}
      >
        <Select
          label={t("shape")}
          value={shape.value}
          options={SHAPES.map((name) => [name, name])}
          choose={(name) => {
            shape.value = name;
          }}
        />
        <Select
          label={t("how_many")}
          value={count.value}
          options={COUNTS.map((name) => [name, name])}
          choose={(name) => {
            count.value = name;
          }}
        />
        {choices.value.length > 0 && (
          <Select
            label={t("model")}
            value={chosen.value}
            options={choices.value.map((name) => [name, name])}
            choose={(name) => {
              chosen.value = name;
            }}
          />
        )}
      </Composer>
      {larger.value && <Larger picture={larger.value} />}
    </>
  );
}

function status({ problem, stopped, seconds }: Drawing): string {
  if (problem) return t("drawing_failed");
  if (stopped) return t("stopped");
  return seconds === null ? t("drawing") : t("drawn", { seconds: short(seconds) });
}

function Gallery({ drawing }: { drawing: Drawing }): JSX.Element {
  const { prompt, pictures, problem, seconds, stopped, shape: ratio, count: wanted } = drawing;
  const pending = seconds === null && !problem && !stopped;
  return (
    <article class="drawing" aria-busy={pending}>
      <h2>{prompt}</h2>
      {pending && (
        <div class="grid" aria-hidden="true">
          {Array.from({ length: wanted }, (_, place) => (
            <div key={place} class={`placeholder shape-${ratio.replace(":", "-")}`} />
          ))}
        </div>
      )}
      {pictures.length > 0 && (
        <div class="grid">
          {pictures.map((picture) => (
            <figure key={picture.url}>
              <button
                type="button"
                class="picture"
                aria-label={t("larger", { name: picture.words })}
                onClick={() => {
                  larger.value = picture;
                }}
              >
                <img src={picture.url} alt={picture.words} loading="lazy" />
              </button>
              {picture.words !== prompt && <figcaption>{picture.words}</figcaption>}
            </figure>
          ))}
        </div>
      )}
      {problem ? (
        <Failure problem={problem}>
          {!problem.isFinal && (
            <button type="button" class="small" onClick={() => again(drawing)}>
              {t("retry")}
            </button>
          )}
        </Failure>
      ) : (
        <small class="figures">{status(drawing)}</small>
      )}
    </article>
  );
}

/** A picture over the page. */
function Larger({ picture }: { picture: Picture }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      class="larger"
      ref={dialog}
      aria-label={t("larger_view")}
      onClose={() => {
        larger.value = null;
      }}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <img src={picture.url} alt={picture.words} />
      <p>{picture.words}</p>
      <div class="row">
        <a class="button" href={picture.url} download="" target="_blank" rel="noopener">
          {t("download")}
        </a>
        <button type="button" onClick={() => dialog.current?.close()}>
          {t("close")}
        </button>
      </div>
    </dialog>
  );
}
