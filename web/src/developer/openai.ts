import { POLL_SECONDS } from "../videos/jobs";
import { BASE, curl, named, node, python, pythonic, scripted } from "./languages";

type Body = Record<string, unknown>;

export const chat = {
  curl: (body: Body): string => curl("/chat/completions", body, { flags: "-N " }),
  Python: (body: Body): string =>
    python(`stream = client.chat.completions.create(
${named(body, ["web_search"])})
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`),
  Node: (body: Body): string =>
    node(`const stream = await client.chat.completions.create(${scripted(body)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");`),
};

export const pictures = {
  curl: (body: Body): string => curl("/images/generations", body),
  Python: (body: Body): string =>
    python(`pictures = client.images.generate(
${named(body)})
for picture in pictures.data:
    print(picture.url)`),
  Node: (body: Body): string =>
    node(`const pictures = await client.images.generate(${scripted(body)});
for (const picture of pictures.data) console.log(picture.url);`),
};

export const videos = {
  curl: (body: Body): string =>
    `ID=$(${curl("/videos/generations", body, { flags: "-s ", then: ` | sed -E 's/.*"id": ?"([^"]+)".*/\\1/'` })}
)
while curl -s ${BASE}/videos/generations/$ID -H "Authorization: Bearer $TOKEN" |
  tee /dev/stderr | grep -q PROCESSING; do sleep ${POLL_SECONDS}; done`,
  Python: (body: Body): string =>
    python(`video = client.post("/videos/generations", cast_to=object, body=${pythonic(body)})
job = video["id"]
while video["task_status"] == "PROCESSING":
    time.sleep(${POLL_SECONDS})
    video = client.get(f"/videos/generations/{job}", cast_to=object)
print(video)`),
  Node: (body: Body): string =>
    node(`let video = await client.post("/videos/generations", { body: ${scripted(body)} });
const { id } = video;
while (video.task_status === "PROCESSING") {
  await new Promise((resolve) => setTimeout(resolve, ${POLL_SECONDS * 1000}));
  video = await client.get(\`/videos/generations/\${id}\`);
}
console.log(video);`),
};
