/** The data of each server-sent event of an answer (WHATWG HTML, section 9.2.6). */
export async function* events(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  // Read as it comes, with nothing between that would hold words back: a break of the connection would lose them.
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines: string[] = (buffer + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        else if (!line && data.length) yield data.splice(0).join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
