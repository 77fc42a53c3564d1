import type { MarkdownIt, StateBlock, StateInline } from "markdown-it";

const BLOCKS: readonly (readonly [string, string])[] = [
  ["$$", "$$"],
  ["\\[", "\\]"],
];
const INLINE: readonly (readonly [string, string])[] = [["\\(", "\\)"], ...BLOCKS];
/** Ends that do not come again in a text: looking for each of them again and again would take long. */
const endless = new WeakMap<StateInline, Set<string>>();

/** `$…$`, `\(…\)` in a line; `$$…$$`, `\[…\]` on lines of their own. They become `<code class="formula">`. */
export function formulaRules(parser: MarkdownIt): void {
  parser.inline.ruler.before("escape", "formula", formula);
  parser.block.ruler.before("paragraph", "formula_block", formulaBlock, {
    alt: ["paragraph", "reference", "blockquote", "list"],
  });
  parser.renderer.rules["formula"] = (tokens, place) => {
    const { content, markup } = tokens[place] ?? { content: "", markup: "" };
    return `<code class="formula${markup}">${parser.utils.escapeHtml(content)}</code>`;
  };
}

function formula(state: StateInline, silent: boolean): boolean {
  const { src, pos } = state;
  for (const [opening, closing] of INLINE) {
    if (src.startsWith(opening, pos)) return take(state, silent, opening, closing, opening === "\\(" ? "" : " display");
  }
  return src[pos] === "$" && dollars(state, silent);
}

function take(state: StateInline, silent: boolean, opening: string, closing: string, markup: string): boolean {
  const start = state.pos + opening.length;
  const end = find(state, closing, start);
  if (end < 0 || !state.src.slice(start, end).trim()) return false;
  return put(state, silent, start, end, end + closing.length, markup);
}

/** One dollar opens a formula before a sign, and closes it behind one and not before a letter or a digit. */
function dollars(state: StateInline, silent: boolean): boolean {
  const { src } = state;
  const start = state.pos + 1;
  if (!/[^\s$]/.test(src[start] ?? "") || /[\w$]/.test(src[start - 2] ?? "")) return false;
  const end = find(state, "$", start);
  if (end < 0 || /[\s\\]/.test(src[end - 1] ?? "") || /[\w$]/.test(src[end + 1] ?? "")) return false;
  return put(state, silent, start, end, end + 1, "");
}

function find(state: StateInline, closing: string, start: number): number {
  const known = endless.get(state) ?? new Set();
  endless.set(state, known);
  const end = known.has(closing) ? -1 : state.src.indexOf(closing, start);
  if (end < 0) known.add(closing);
  return end;
}

function put(state: StateInline, silent: boolean, start: number, end: number, after: number, markup: string): boolean {
  if (!silent) {
    const token = state.push("formula", "", 0);
    token.content = state.src.slice(start, end).trim();
    token.markup = markup;
  }
  state.pos = after;
  return true;
}

function formulaBlock(state: StateBlock, first: number, last: number, silent: boolean): boolean {
  const line = (number: number): string =>
    state.src.slice((state.bMarks[number] ?? 0) + (state.tShift[number] ?? 0), state.eMarks[number]).trim();
  const head = line(first);
  const pair = BLOCKS.find(([opening]) => head.startsWith(opening));
  if (!pair || (state.sCount[first] ?? 0) - state.blkIndent >= 4) return false;
  const [opening, closing] = pair;
  const lines = [head.slice(opening.length)];
  let end = first;
  while (!lines.at(-1)?.endsWith(closing)) {
    // What is not closed before the next empty line is no formula.
    if (++end >= last || state.isEmpty(end) || (state.sCount[end] ?? 0) < state.blkIndent) return false;
    lines.push(line(end));
  }
  const content = lines.join("\n").slice(0, -closing.length).trim();
  if (!content || content.includes(closing)) return false;
  if (silent) return true;
  const token = state.push("formula", "", 0);
  token.content = content;
  token.markup = " display";
  token.block = true;
  token.map = [first, end + 1];
  state.line = end + 1;
  return true;
}
