"""What every endpoint has in common: app, middleware, SSE, and the contracts that a wire fulfils."""
