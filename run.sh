#!/bin/sh
# Starts the server that the Lambda Web Adapter calls: one process, all endpoints.
cd "$LAMBDA_TASK_ROOT"
# The packages of this function's zip, and none of those that the runtime brings along.
export PYTHONPATH="$LAMBDA_TASK_ROOT"
# Keep-alive: the adapter keeps an idle connection for 4 s (its AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS); the server keeps it longer,
# or it would close one that the adapter is about to use. Logs: the functions write their own line for each request.
# Head: a hundred tokens in one are 40 KB; the server's own limit is 16.
exec python3.12 -m uvicorn api.index:app --host 127.0.0.1 --port "$PORT" --workers 1 \
    --timeout-keep-alive 60 --http h11 --h11-max-incomplete-event-size 131072 --no-access-log --log-level warning
