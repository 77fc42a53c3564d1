// What the programs have in common: where the bundle is, and their cases.

export const url = `${process.env.URL}/v1`
export const key = process.env.KEY
export const model = "glm-4.7"
export const question = "How is the weather in Beijing?"
export const tell = "Tell me of Beijing."
export const weather = ({ city, days }) => `sunny in ${city} for ${days} days`

// Print what comes of each case, as one line of JSON.
export async function run(cases) {
  const found = {}
  for (const [name, work] of Object.entries(cases)) {
    try {
      found[name] = await work()
    } catch (error) {
      found[name] = String(error?.stack ?? error)
    }
  }
  console.log(JSON.stringify(found))
}
