"""Calls of tools in text: declared in the prompt, read back, checked, and asked for once more."""
