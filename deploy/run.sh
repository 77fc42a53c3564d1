#!/bin/bash
# Starts one process that serves all endpoints, from a zip that holds the packages too: behind the Lambda Web Adapter,
# and where a function is a web server that a script starts, such as Alibaba Cloud's FC and Tencent's SCF.
# PYTHON names the interpreter where it is not `python3.12`.
root="${LAMBDA_TASK_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}"
cd "$root" || exit
# The packages of this zip, and none of those that the runtime brings along.
export PYTHONPATH="$root"
if [ -n "$LAMBDA_TASK_ROOT" ]; then
    host=127.0.0.1 # The adapter is in the same machine.
else
    host=0.0.0.0 # FC and SCF call from outside of it, at port 9000.
fi
# Keep-alive: longer than anybody before it keeps an idle connection, or it would close one that is about to be used: the
# adapter 4 s (its AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS), FC 15 minutes. Logs: the functions write their own line for each
# request. Head: a hundred tokens in one are 40 KB; the server's own limit is 16.
exec "${PYTHON:-python3.12}" -m uvicorn api.index:app --host "$host" --port "${PORT:-9000}" --workers 1 \
    --timeout-keep-alive 930 --http h11 --h11-max-incomplete-event-size 131072 --no-access-log --log-level warning
