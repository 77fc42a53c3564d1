// The AI SDK: text with tools, whole and streamed, and objects.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { generateObject, generateText, Output, stepCountIs, streamObject, streamText, tool } from "ai"
import { z } from "zod"
import { key, model as name, question, run, tell, url, weather } from "./cases.mjs"

const model = createOpenAICompatible({ name: "glm", baseURL: url, apiKey: key })(name)
const structured = createOpenAICompatible({ name: "glm", baseURL: url, apiKey: key, supportsStructuredOutputs: true })(
  name,
)
const get_weather = tool({
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string(), days: z.number().int() }),
  execute: async (wanted) => weather(wanted),
})
const asked = {
  model,
  tools: { get_weather },
  stopWhen: stepCountIs(5),
  prompt: question,
  maxRetries: 0,
}
const schema = z.object({
  name: z.string(),
  population: z.number().int(),
  districts: z.array(z.string()),
  mayor: z.string().nullable(),
})

await run({
  generateText: async () => (await generateText(asked)).text,
  streamText: async () => {
    let said = ""
    for await (const piece of streamText(asked).textStream) said += piece
    return said
  },
  required: async () => {
    const answer = await generateText({ ...asked, toolChoice: "required", stopWhen: stepCountIs(1) })
    return answer.toolCalls[0].input
  },
  generateObject: async () => (await generateObject({ model, schema, prompt: tell, maxRetries: 0 })).object,
  generateObjectBySchema: async () =>
    (await generateObject({ model: structured, schema, prompt: tell, maxRetries: 0 })).object,
  streamObject: async () => {
    const answer = streamObject({ model: structured, schema, prompt: tell, maxRetries: 0 })
    for await (const _ of answer.partialObjectStream);
    return await answer.object
  },
  outputWithTools: async () => {
    const answer = await generateText({ ...asked, model: structured, output: Output.object({ schema }) })
    return answer.output
  },
})
