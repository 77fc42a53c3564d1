// Google's client for Node.js: answers, chats and schemas, whole and streamed.

import { GoogleGenAI, Type } from "@google/genai"
import { key, model, question, run, tell, weather } from "./cases.mjs"

const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: process.env.URL } })
const parameters = {
  type: Type.OBJECT,
  properties: { city: { type: Type.STRING }, days: { type: Type.INTEGER } },
  required: ["city", "days"],
}
const declaration = { name: "get_weather", description: "The weather in a city.", parameters }
const tools = [{ functionDeclarations: [declaration] }]
const City = {
  type: Type.OBJECT,
  properties: { name: { type: Type.STRING }, population: { type: Type.INTEGER } },
  required: ["name", "population"],
}
const callable = {
  tool: async () => ({ functionDeclarations: [declaration] }),
  callTool: async (calls) =>
    calls.map(({ id, name, args }) => ({ functionResponse: { id, name, response: { output: weather(args) } } })),
}

// What a chat says in the end, when it is told what its function gave.
async function chatted(send) {
  const chat = client.chats.create({ model, config: { tools } })
  let [text, calls] = await send(chat, question)
  while (calls.length) {
    const parts = calls.map(({ id, name, args }) => ({
      functionResponse: { id, name, response: { output: weather(args) } },
    }))
    ;[text, calls] = await send(chat, parts)
  }
  return text
}

await run({
  chat: () =>
    chatted(async (chat, message) => {
      const answer = await chat.sendMessage({ message })
      return [answer.text, answer.functionCalls ?? []]
    }),
  streamed: () =>
    chatted(async (chat, message) => {
      let text = ""
      const calls = []
      for await (const chunk of await chat.sendMessageStream({ message })) {
        text += chunk.text ?? ""
        calls.push(...(chunk.functionCalls ?? []))
      }
      return [text, calls]
    }),
  automatic: async () => {
    const answer = await client.models.generateContent({ model, contents: question, config: { tools: [callable] } })
    return answer.text
  },
  schema: async () => {
    const config = { responseMimeType: "application/json", responseSchema: City }
    return JSON.parse((await client.models.generateContent({ model, contents: tell, config })).text)
  },
  jsonSchema: async () => {
    const schema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] }
    const config = { responseMimeType: "application/json", responseJsonSchema: schema }
    let text = ""
    for await (const chunk of await client.models.generateContentStream({ model, contents: tell, config })) {
      text += chunk.text ?? ""
    }
    return JSON.parse(text)
  },
  count: async () => (await client.models.countTokens({ model, contents: tell })).totalTokens > 0,
  models: async () => {
    const names = []
    for await (const found of await client.models.list()) names.push(found.name)
    return names.includes("models/glm-5.3")
  },
})
