"""Files that callers name by URL or send inside a request."""
