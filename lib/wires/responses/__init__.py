"""OpenAI's Responses: what its SDKs and Codex send, and what they expect."""
