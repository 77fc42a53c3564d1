import { literal, type Syntax } from "./literal";

export const ORIGIN = location.origin;
export const BASE = `${ORIGIN}/v1`;

interface Curl {
  flags?: string;
  then?: string;
  key?: string;
}

/** What stands in the lines where the key belongs. */
export const YOUR_KEY = "YOUR_KEY";

/** The lines with a key in the place of the mark, so that they work as they are. */
export function withKey(lines: string, key: string): string {
  const quoted = /^(export|\$env:)/m.test(lines) ? key.replaceAll("'", "'\\''") : JSON.stringify(key).slice(1, -1);
  return lines.replaceAll(YOUR_KEY, () => quoted);
}

/** Sets the variable that the lines after it read. */
export const SET_TOKEN = `export TOKEN='${YOUR_KEY}'\n`;

const BEARER = `"Authorization: Bearer $TOKEN"`;

/** A call with curl; files are read by the shell. */
export function curl(path: string, body: unknown, { flags = "", then = "", key = BEARER }: Curl = {}): string {
  let mark = "'JSON'"; // the shell leaves what follows as it is
  const base64 = (name: string): string => {
    mark = "JSON"; // the shell carries out $(…)
    return `$(base64 < '${name.replaceAll("'", "'\\''")}' | tr -d '\\n')`;
  };
  const syntax: Syntax = {
    file: ({ name, type }) => `"data:${type};base64,${base64(name)}"`,
    content: ({ name }) => `"${base64(name)}"`,
  };
  const escaped = (words: string): string => JSON.stringify(words).replace(/[\\$`]/g, "\\$&");
  let json = literal(body, syntax);
  if (mark === "JSON") json = literal(body, { ...syntax, text: escaped });
  return `curl ${flags}${BASE}${path} \\
  -H ${key} \\
  -H "Content-Type: application/json" \\
  -d @- <<${mark}${then}
${json}
JSON`;
}

const PYTHON: Syntax = {
  yes: "True",
  no: "False",
  file: ({ name, type }) => `data_url(${JSON.stringify(name)}, ${JSON.stringify(type)})`,
  content: ({ name }) => `content(${JSON.stringify(name)})`,
};
const PYTHON_CONTENT = `def content(path):
    return base64.b64encode(open(path, "rb").read()).decode()

`;
const PYTHON_URL = `def data_url(path, type):
    return f"data:{type};base64,{content(path)}"

`;

/** Arguments of a call, a line each. What the client does not know by name goes into `extra_body`. */
export function named(body: Record<string, unknown>, extra: readonly string[] = []): string {
  const known = Object.entries(body).filter(([name]) => !extra.includes(name));
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => extra.includes(name)));
  const all = Object.keys(rest).length ? [...known, ["extra_body", rest] as const] : known;
  return all.map(([name, value]) => `    ${name}=${literal(value, PYTHON, "    ")},\n`).join("");
}

/** A program in Python: its imports, what reads files, the client, the call. */
export function python(code: string, module: "openai" | "anthropic" = "openai"): string {
  const [name, base] = module === "openai" ? ["OpenAI", BASE] : ["Anthropic", ORIGIN];
  const readers = (/data_url\(|content\(/.test(code) ? PYTHON_CONTENT : "") + (code.includes("data_url(") ? PYTHON_URL : "");
  const whole = `${readers}client = ${name}(api_key="${YOUR_KEY}", base_url="${base}")\n${code}`;
  const imports = ["base64", "time"].filter((used) => whole.includes(`${used}.`)).map((used) => `import ${used}\n`);
  return `# pip install ${module}\n${imports.join("")}from ${module} import ${name}\n\n${whole}`;
}

/** A value in Python. */
export function pythonic(value: unknown): string {
  return literal(value, PYTHON);
}

const NODE: Syntax = {
  file: ({ name, type }) => `dataUrl(${JSON.stringify(name)}, ${JSON.stringify(type)})`,
  content: ({ name }) => `content(${JSON.stringify(name)})`,
};
const NODE_CONTENT = `import { readFileSync } from "node:fs";

const content = (path) => readFileSync(path, "base64");
`;
const NODE_URL = `const dataUrl = (path, type) => \`data:\${type};base64,\${content(path)}\`;
`;

/** A program for Node.js. */
export function node(code: string, module: "openai" | "anthropic" = "openai"): string {
  const [name, from, base] = module === "openai" ? ["OpenAI", "openai", BASE] : ["Anthropic", "@anthropic-ai/sdk", ORIGIN];
  const readers = (/dataUrl\(|content\(/.test(code) ? NODE_CONTENT : "") + (code.includes("dataUrl(") ? NODE_URL : "");
  return `// npm install ${from}
import ${name} from "${from}";
${readers}
const client = new ${name}({ apiKey: "${YOUR_KEY}", baseURL: "${base}" });
${code}`;
}

/** A value in JavaScript. */
export function scripted(value: unknown): string {
  return literal(value, NODE);
}
