"""Zhipu's own forms: what its client sends and reads beside OpenAI's."""
