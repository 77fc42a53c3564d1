"""The protocols that clients speak, a folder each."""
