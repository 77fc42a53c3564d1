// The AI SDK with its own provider for OpenAI, which uses Responses.

import { createOpenAI } from "@ai-sdk/openai"
import { generateObject, generateText, Output, stepCountIs, streamObject, tool } from "ai"
import { z } from "zod"
import { key, model as name, question, run, tell, url, weather } from "./cases.mjs"

const model = createOpenAI({ baseURL: url, apiKey: key })(name)
const get_weather = tool({
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string(), days: z.number().int() }),
  execute: async (wanted) => weather(wanted),
})
const asked = { model, tools: { get_weather }, stopWhen: stepCountIs(5), prompt: question, maxRetries: 0 }
const storeNothing = { providerOptions: { openai: { store: false } } }
const schema = z.object({
  name: z.string(),
  population: z.number().int(),
  districts: z.array(z.string()),
  mayor: z.string().nullable(),
})

await run({
  generateText: async () => (await generateText(asked)).text,
  withoutStore: async () => (await generateText({ ...asked, ...storeNothing })).text,
  required: async () => {
    const answer = await generateText({ ...asked, toolChoice: "required", stopWhen: stepCountIs(1) })
    return answer.toolCalls[0].input
  },
  generateObject: async () => (await generateObject({ model, schema, prompt: tell, maxRetries: 0 })).object,
  streamObject: async () => {
    const answer = streamObject({ model, schema, prompt: tell, maxRetries: 0 })
    for await (const _ of answer.partialObjectStream);
    return await answer.object
  },
  outputWithTools: async () => (await generateText({ ...asked, output: Output.object({ schema }) })).output,
})
