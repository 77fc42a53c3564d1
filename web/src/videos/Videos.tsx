import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import * as key from "../state/key";
import { works } from "../state/work";
import { Composer } from "../ui/Composer";
import { Empty } from "../ui/Empty";
import { Failure } from "../ui/Failure";
import { FileList } from "../ui/FileList";
import { FilePicker } from "../ui/FilePicker";
import { clock, useSeconds } from "../ui/seconds";
import { t } from "../words";
import { Look } from "./Look";
import { basket, complaint, draft, forget, type Job, jobs, leave, make, watch } from "./jobs";

const EXAMPLES = ["example_videos_1", "example_videos_2", "example_videos_3"] as const;

export function Videos(): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = async (): Promise<void> => {
    const making = make();
    if (complaint.value?.word === "key_first") key.ask();
    await making;
  };
  return (
    <>
      <div class="log">
        <div class="scroller" role="region" aria-label={t("video_list")} tabIndex={0}>
          <div class="content">
            {!jobs.value.length && (
              <Empty
                title="empty_videos"
                examples={[...EXAMPLES]}
                choose={(text) => {
                  draft.value = text;
                  field.current?.focus();
                }}
              />
            )}
            {jobs.value.map((job) => (
              <JobCard key={job.id} job={job} />
            ))}
          </div>
        </div>
      </div>
      <p class="hidden" role="status">
        {works.videos.running.value ? t("ordering") : (jobs.value[0] && said(jobs.value[0]))}
      </p>
      <Composer
        label={t("video_what")}
        placeholder={t("video_placeholder")}
        text={draft}
        field={field}
        work={works.videos}
        start={t("make_video")}
        submit={submit}
        complaint={complaint.value ?? basket.problem.value}
        above={
          <>
            {key.paid.value && <p class="cost">{t("cost_video")}</p>}
            <FileList files={basket.items.value} remove={(file) => basket.remove(file)} />
          </>
        }
      >
        <FilePicker basket={basket} label={t("first_picture")} accept="image/*" />
        <Look />
      </Composer>
    </>
  );
}

/** How a job stands, without what changes every second: it is read out. */
function said({ made, watched, problem }: Job): string {
  if (made) return t("video_ready");
  if (problem) return "";
  return watched ? t("being_made", { time: "…" }) : t("video_stopped");
}

function JobCard({ job }: { job: Job }): JSX.Element {
  const { id, prompt, started, percent, made, problem, watched, failed } = job;
  useSeconds(watched);
  const time = clock((Date.now() - started) / 1000);
  return (
    <article class="job" aria-label={t("video_of", { prompt })}>
      <h2>{prompt}</h2>
      {watched && (
        <>
          <p>{percent === null ? t("being_made", { time }) : t("being_made_percent", { percent, time })}</p>
          <progress max={100} {...(percent === null ? {} : { value: percent })} aria-label={t("progress_of", { prompt })} />
        </>
      )}
      {made && (
        <figure>
          <video src={made.url} poster={made.cover} controls playsInline preload="metadata" />
          <figcaption>
            <a href={made.url} target="_blank" rel="noopener">
              {made.facts || t("open_video")}
            </a>
          </figcaption>
        </figure>
      )}
      {problem && <Failure problem={problem} />}
      {!watched && !made && !problem && <p>{t("video_stopped")}</p>}
      <div class="actions">
        {watched ? (
          <button type="button" class="small" onClick={() => leave(id)}>
            {t("stop_waiting")}
          </button>
        ) : (
          <>
            {!made && !failed && (
              <button type="button" class="small" onClick={() => watch(id)}>
                {t("go_on")}
              </button>
            )}
            {made && (
              <a class="button small" href={made.url} download="" target="_blank" rel="noopener">
                {t("download")}
              </a>
            )}
            <button type="button" class="small quiet" onClick={() => forget(id)}>
              {t("forget")}
            </button>
          </>
        )}
      </div>
    </article>
  );
}
