import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { Popover } from "../ui/Popover";
import { Select } from "../ui/Select";
import { t, type Word } from "../words";
import { camera, choices, chosen, drawsFirst, mood, style } from "./jobs";

type Choice = readonly [string, Word];

/** The service's own words, and ours for them. */
const STYLES: readonly Choice[] = [
  ["", "any"],
  ["卡通3D", "style_3d"],
  ["黑白老照片", "style_old"],
  ["油画", "style_oil"],
  ["电影感", "style_film"],
];
const MOODS: readonly Choice[] = [
  ["", "any"],
  ["温馨和谐", "mood_warm"],
  ["生动活泼", "mood_lively"],
  ["紧张刺激", "mood_tense"],
  ["凄凉寂寞", "mood_lonely"],
];
const CAMERAS: readonly Choice[] = [
  ["", "any"],
  ["水平", "camera_sideways"],
  ["垂直", "camera_vertical"],
  ["推近", "camera_closer"],
  ["拉远", "camera_farther"],
];

/** What a video is to look like. */
export function Look(): JSX.Element {
  const all = [
    [style, STYLES],
    [mood, MOODS],
    [camera, CAMERAS],
  ] as const;
  const chosenWords = all.flatMap(([choice, choices]) =>
    choice.value ? choices.filter(([value]) => value === choice.value).map(([, word]) => t(word)) : [],
  );
  return (
    <Popover label={chosenWords.join(", ") || t("style")} name={[t("style"), ...chosenWords].join(": ")}>
      {() => (
        <>
          <Choose label={t("style")} choice={style} options={STYLES} />
          <Choose label={t("mood")} choice={mood} options={MOODS} />
          <Choose label={t("camera")} choice={camera} options={CAMERAS} />
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
          <label class="check">
            <input
              type="checkbox"
              checked={drawsFirst.value}
              onChange={(event) => {
                drawsFirst.value = event.currentTarget.checked;
              }}
            />
            {t("draw_first")}
          </label>
        </>
      )}
    </Popover>
  );
}

interface Props {
  label: string;
  choice: Signal<string>;
  options: readonly Choice[];
}

function Choose({ label, choice, options }: Props): JSX.Element {
  return (
    <Select
      label={label}
      value={choice.value}
      options={options.map(([value, word]) => [value, t(word)])}
      choose={(value) => {
        choice.value = value;
      }}
    />
  );
}
