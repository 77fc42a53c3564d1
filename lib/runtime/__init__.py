"""What every endpoint stands on: the app, its middleware, deadlines, server-sent events, the log."""
