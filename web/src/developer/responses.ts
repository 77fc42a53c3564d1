import type { Attachment } from "../files/attachment";
import { effort, model, searches, thinks } from "../chat/choices";
import { Question, type Turn } from "../chat/turns";
import { curl, named, node, python, scripted } from "./languages";

/** The chat as a request of OpenAI's Responses. */
export function responsesBody(system: string, turns: readonly Turn[]): Record<string, unknown> {
  return {
    model: model.value,
    ...(system ? { instructions: system } : {}),
    input: turns.map((turn) =>
      turn instanceof Question ? { role: "user", content: content(turn) } : { role: "assistant", content: turn.text },
    ),
    stream: true,
    ...(thinks.value ? { reasoning: { effort: effort.value } } : {}),
    ...(searches.value ? { tools: [{ type: "web_search" }] } : {}),
  };
}

export const responses = {
  curl: (body: Record<string, unknown>): string => curl("/responses", body, { flags: "-N " }),
  Python: (body: Record<string, unknown>): string =>
    python(`stream = client.responses.create(
${named(body)})
for event in stream:
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)`),
  Node: (body: Record<string, unknown>): string =>
    node(`const stream = await client.responses.create(${scripted(body)});
for await (const event of stream) {
  if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
}`),
};

function content({ text, files }: Question): unknown {
  return files.length ? [...files.map(part), { type: "input_text", text }] : text;
}

function part(file: Attachment): unknown {
  return file.isPicture
    ? { type: "input_image", image_url: file }
    : { type: "input_file", filename: file.name, file_data: file };
}
