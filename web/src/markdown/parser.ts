import MarkdownIt, { type Token } from "markdown-it";
import { emphasisBesideChinese } from "./emphasis";
import { formulaRules } from "./formula_rules";
import { tasks } from "./tasks";

const LINKS = /^(https?:|mailto:)/i;
const PICTURES = /^(https?:|data:image\/(?!svg))/i;
/** Levels of quotes, lists and emphasis; what is nested deeper stays text. */
const DEEPEST = 40;
/** Levels of the headings of the page, below which those of an answer are. */
const PAGE_LEVELS = 2;
const LAST_LEVEL = 6;

/** CommonMark with tables, struck words, tasks, formulas and bare links. HTML in it stays text. */
export const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
parser.set({ maxNesting: DEEPEST });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
for (const scheme of ["ftp:", "//", "mailto:"]) parser.linkify.add(scheme, null);
parser.validateLink = (url) => LINKS.test(url) || PICTURES.test(url);

parser.use(emphasisBesideChinese);
parser.use(formulaRules);
parser.use(tasks);

parser.core.ruler.push("heading_levels", (state) => {
  for (const token of state.tokens) {
    if (token.type.startsWith("heading")) {
      token.tag = `h${Math.min(Number(token.tag.slice(1)) + PAGE_LEVELS, LAST_LEVEL)}`;
    }
  }
});

/** How a column is aligned: a class, since the page's policy lets no style stand in HTML. */
parser.core.ruler.push("alignment", (state) => {
  for (const token of state.tokens) {
    const side = /^text-align:(\w+)$/.exec(String(token.attrGet("style") ?? ""))?.[1];
    if (!side) continue;
    token.attrs = (token.attrs ?? []).filter(([name]) => name !== "style");
    token.attrJoin("class", `to-${side}`);
  }
});

parser.renderer.rules["fence"] = (tokens, place) => code(tokens[place] as Token);
parser.renderer.rules["code_block"] = (tokens, place) => code(tokens[place] as Token);
parser.renderer.rules["softbreak"] = () => "<br>";
parser.renderer.rules["hardbreak"] = () => "<br>";

function code({ content, info }: Token): string {
  const language = parser.utils.escapeHtml(parser.utils.unescapeAll(info).trim().split(/\s+/)[0] ?? "");
  return `<pre><code class="language-${language}">${parser.utils.escapeHtml(content.replace(/\n$/, ""))}</code></pre>`;
}
