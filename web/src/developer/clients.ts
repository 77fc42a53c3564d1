import type { Word } from "../words";
import { BASE, ORIGIN, SET_TOKEN } from "./languages";

/** How a client is set up: fields to fill in, or lines to copy. */
export interface Client {
  name: string;
  where?: Word;
  /** Names of fields, and what belongs into them; null is the key. */
  fields?: readonly (readonly [Word, string | null])[];
  lines?: string;
  /** What is done in a shell after that. */
  shell?: string;
  hint: Word;
}

export const CLIENTS: readonly Client[] = [
  {
    name: "LobeChat",
    where: "lobechat_where",
    fields: [
      ["lobechat_field", BASE],
      ["api_key", null],
    ],
    hint: "lobechat_hint",
  },
  {
    name: "Cherry Studio",
    where: "cherry_where",
    fields: [
      ["cherry_field", ORIGIN],
      ["api_key", null],
    ],
    hint: "cherry_hint",
  },
  {
    name: "NextChat",
    where: "nextchat_where",
    fields: [
      ["nextchat_field", ORIGIN],
      ["api_key", null],
      ["nextchat_models", "-all,+glm-5.3@OpenAI,+glm-5.3-think@OpenAI"],
    ],
    hint: "nextchat_hint",
  },
  {
    name: "Claude Code",
    lines: `${SET_TOKEN}export ANTHROPIC_BASE_URL="${ORIGIN}" ANTHROPIC_AUTH_TOKEN="$TOKEN"
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_AUTO_COMPACT_WINDOW=100000 claude`,
    hint: "claude_hint",
  },
  {
    name: "Codex",
    lines: `model = "glm-5.3"
model_provider = "glm"

[model_providers.glm]
name = "GLM"
base_url = "${BASE}"
env_key = "TOKEN"
wire_api = "responses"`,
    shell: `${SET_TOKEN}codex`,
    hint: "codex_hint",
  },
];
