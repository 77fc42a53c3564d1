"""The services that answer, a folder each."""
