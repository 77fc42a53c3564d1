"""The upstream: the chatglm.cn web service. Knows nothing of OpenAI."""
