"""The wire: what OpenAI clients send and expect. Knows nothing of chatglm.cn."""
