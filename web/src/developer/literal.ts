import { Attachment } from "../files/attachment";

/** The content of a file, without the head of its data URL. */
export class Content {
  constructor(readonly file: Attachment) {}
}

/** How a language writes values. */
export interface Syntax {
  text?: (words: string) => string;
  yes?: string;
  no?: string;
  /** The data URL of a file. */
  file: (file: Attachment) => string;
  /** The content of a file as base64. */
  content: (file: Attachment) => string;
}

/** Letters up to which a list or an object stands on one line. */
const ONE_LINE = 64;

/** A value as a language writes it. */
export function literal(value: unknown, syntax: Syntax, indent = ""): string {
  const { text = JSON.stringify, yes = "true", no = "false", file, content } = syntax;
  if (value instanceof Attachment) return file(value);
  if (value instanceof Content) return content(value.file);
  if (typeof value === "string") return text(value);
  if (typeof value === "boolean") return value ? yes : no;
  if (typeof value !== "object" || value === null) return String(value);
  const deeper = `${indent}  `;
  const isList = Array.isArray(value);
  const items = Object.entries(value).map(([name, inner]) => {
    const written = literal(inner, syntax, deeper);
    return isList ? written : `"${name}": ${written}`;
  });
  const [opening, closing] = isList ? ["[", "]"] : ["{", "}"];
  const line = opening + items.join(", ") + closing;
  if (line.length < ONE_LINE && !line.includes("\n")) return line;
  return `${opening}\n${deeper}${items.join(`,\n${deeper}`)}\n${indent}${closing}`;
}
