import temml from "temml";

/** Letters of a formula, and steps of its macros: more is an attempt to keep the browser busy. */
const LONGEST = 5000;
const MOST_STEPS = 200;
/** Ems: the largest space that a formula may ask for. */
const LARGEST: [number, number] = [20, 200];

/** The formula as MathML; null for what is none. */
export function set(tex: string, displayMode: boolean): HTMLElement | null {
  if (tex.length > LONGEST) return null;
  const box = document.createElement("span");
  try {
    temml.render(tex, box, { displayMode, throwOnError: true, maxExpand: MOST_STEPS, maxSize: LARGEST });
  } catch {
    return null;
  }
  return box;
}
