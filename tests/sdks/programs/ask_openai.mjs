// OpenAI's client for Node.js: `runTools`, which calls the functions itself, whole and streamed.

import OpenAI from "openai"
import { key, model, question, run, tell, url, weather } from "./cases.mjs"

const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0 })
const messages = [{ role: "user", content: question }]
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "The weather in a city.",
      parse: JSON.parse,
      function: weather,
      parameters: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer" } },
        required: ["city", "days"],
      },
    },
  },
]
const City = {
  type: "object",
  properties: { name: { type: "string" }, population: { type: "integer" } },
  required: ["name", "population"],
}

await run({
  runTools: async () => await client.chat.completions.runTools({ model, messages, tools }).finalContent(),
  streamed: async () => await client.chat.completions.runTools({ model, messages, tools, stream: true }).finalContent(),
  pieces: async () => {
    const runner = client.chat.completions.runTools({ model, messages, tools, stream: true })
    const pieces = []
    runner.on("tool_calls.function.arguments.delta", ({ arguments_delta }) => pieces.push(arguments_delta))
    await runner.done()
    return JSON.parse(pieces.join(""))
  },
  parse: async () => {
    const response_format = { type: "json_schema", json_schema: { name: "City", schema: City } }
    const told = [{ role: "user", content: tell }]
    const answer = await client.chat.completions.parse({ model, messages: told, response_format })
    return JSON.parse(answer.choices[0].message.content)
  },
})
