import type { Env, Token } from "markdown-it";
import { clean } from "./clean";
import { dress } from "./dress";
import { dressedFor } from "./dressed_for";
import { parser } from "./parser";

interface Block {
  /** What its nodes depend on: the same key, the same nodes. */
  key: string;
  nodes: ChildNode[];
}

/** Markdown that grows, shown in an element: blocks that have not changed keep their nodes. */
export class Markdown {
  private shown: Block[] = [];

  constructor(private readonly into: HTMLElement) {}

  /** Show this text in the place of what was shown before. */
  show(text: string): void {
    const env: Env = {};
    const groups = [...blocks(parser.parse(text, env))];
    const lines = text.split(/\r\n?|\n/);
    const common = `${dressedFor()}${JSON.stringify(env.references ?? {})}`;
    const keys = groups.map(([token]) => {
      const [first, end] = token?.map ?? [0, lines.length];
      return `${token?.type}\n${common}\n${lines.slice(first, end).join("\n")}`;
    });
    const changed = keys.flatMap((key, place) => (this.shown[place]?.key === key ? [] : [place]));
    const made = render(changed.map((place) => groups[place] ?? []), env);
    changed.forEach((place, number) => this.put(place, { key: keys[place] ?? "", nodes: made[number] ?? [] }));
    for (const { nodes } of this.shown.splice(groups.length)) for (const node of nodes) node.remove();
  }

  private put(place: number, block: Block): void {
    const old = this.shown[place];
    const next = old?.nodes[0];
    if (next) next.before(...block.nodes);
    else this.into.append(...block.nodes);
    for (const node of old?.nodes ?? []) node.remove();
    this.shown[place] = block;
  }
}

/** The nodes of each block. All of them go through the sanitiser at once, which takes its time for each call. */
function render(groups: Token[][], env: Env): ChildNode[][] {
  if (!groups.length) return [];
  const html = groups.map((tokens) => `<div>${parser.renderer.render(tokens, parser.options, env).trim()}</div>`);
  const fragment = clean(html.join(""));
  const boxes = [...fragment.children];
  dress(fragment);
  return boxes.map((box) => {
    if (!box.firstChild) box.append(""); // marks the place of a block that shows nothing
    return [...box.childNodes];
  });
}

/** The tokens of each block at the top. */
function* blocks(tokens: Token[]): Generator<Token[]> {
  let group: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    group.push(token);
    depth += token.nesting;
    if (depth === 0) {
      yield group;
      group = [];
    }
  }
  if (group.length) yield group;
}
