"""Tool calls and structured output over an upstream that only writes text: prompt out, reader in. Pure, no I/O."""
