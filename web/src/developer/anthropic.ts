import type { Attachment } from "../files/attachment";
import { effort, model, searches, thinks } from "../chat/choices";
import type { Turn } from "../chat/turns";
import { Question } from "../chat/turns";
import { curl, named, node, python, scripted } from "./languages";
import { Content } from "./literal";

const MAX_TOKENS = 4096;

/** The chat as a request of Anthropic's Messages. */
export function messagesBody(system: string, turns: readonly Turn[]): Record<string, unknown> {
  return {
    model: model.value,
    max_tokens: MAX_TOKENS,
    ...(system ? { system } : {}),
    messages: turns.map((turn) =>
      turn instanceof Question ? { role: "user", content: content(turn) } : { role: "assistant", content: turn.text },
    ),
    ...(thinks.value ? { thinking: { type: "adaptive" }, output_config: { effort: effort.value } } : {}),
    ...(searches.value ? { tools: [{ type: "web_search_20250305", name: "web_search" }] } : {}),
  };
}

export const anthropic = {
  curl: (body: Record<string, unknown>): string =>
    curl("/messages", { ...body, stream: true }, { flags: "-N ", key: `"x-api-key: $TOKEN" -H "anthropic-version: 2023-06-01"` }),
  Python: (body: Record<string, unknown>): string =>
    python(
      `with client.messages.stream(
${named(body, ["output_config"])}) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)`,
      "anthropic",
    ),
  Node: (body: Record<string, unknown>): string =>
    node(
      `const stream = client.messages.stream(${scripted(body)});
stream.on("text", (text) => process.stdout.write(text));
await stream.finalMessage();`,
      "anthropic",
    ),
};

function content({ text, files }: Question): unknown {
  return files.length ? [...files.map(block), { type: "text", text }] : text;
}

function block(file: Attachment): unknown {
  const source = { type: "base64", media_type: file.type, data: new Content(file) };
  return file.isPicture ? { type: "image", source } : { type: "document", source, title: file.name };
}
