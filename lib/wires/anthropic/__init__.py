"""Anthropic's Messages: what its SDKs and Claude Code send, and what they expect."""
