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
    const tokens = parser.parse(text, env);
    const lines = text.split(/\r\n?|\n/);
    const common = `${dressedFor()}${JSON.stringify(env.references ?? {})}`;
    let place = 0;
    for (const group of blocks(tokens)) {
      const [first, end] = group[0]?.map ?? [0, lines.length];
      const key = `${group[0]?.type}\n${common}\n${lines.slice(first, end).join("\n")}`;
      if (this.shown[place]?.key !== key) this.put(place, { key, nodes: render(group, env) });
      place++;
    }
    for (const { nodes } of this.shown.splice(place)) for (const node of nodes) node.remove();
  }

  private put(place: number, block: Block): void {
    const old = this.shown[place];
    const next = old ? old.nodes.at(0) : undefined;
    if (next) next.before(...block.nodes);
    else this.into.append(...block.nodes);
    for (const node of old?.nodes ?? []) node.remove();
    this.shown[place] = block;
  }
}

function render(tokens: Token[], env: Env): ChildNode[] {
  const fragment = clean(parser.renderer.render(tokens, parser.options, env).trim());
  dress(fragment);
  if (!fragment.firstChild) fragment.append(""); // marks the place of a block that shows nothing
  return [...fragment.childNodes];
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
