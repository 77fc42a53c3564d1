"""Tool calls and structured output over an upstream that only writes text."""
