import type { MarkdownIt } from "markdown-it";

const TASK = /^\[([ xX])\]\s/;

/** `- [ ] …` and `- [x] …`: items of a list with a box before them. */
export function tasks(parser: MarkdownIt): void {
  parser.core.ruler.after("inline", "tasks", (state) => {
    state.tokens.forEach((token, place) => {
      const [item, paragraph] = [state.tokens[place - 2], state.tokens[place - 1]];
      if (token.type !== "inline" || paragraph?.type !== "paragraph_open" || item?.type !== "list_item_open") return;
      const text = token.children?.[0];
      const found = text?.type === "text" ? TASK.exec(text.content) : null;
      if (!text || !found) return;
      text.content = text.content.slice(found[0].length);
      const box = new state.Token("task", "input", 0);
      box.info = found[1] === " " ? "" : " checked";
      token.children?.unshift(box);
      item.attrJoin("class", "task");
    });
  });
  parser.renderer.rules["task"] = (tokens, place) =>
    `<input type="checkbox" disabled${tokens[place]?.info}> `;
}
