# All endpoints in one container, streamed: `docker compose -f deploy/compose.yaml up --build`, or see "Other homes" in docs/deploy.md.
FROM python:3.12-slim

WORKDIR /app
ENV PORT=8000 \
    PYTHONUNBUFFERED=1

# Before the code, which changes more often: the packages, as pinned, and nothing that their hashes do not vouch for.
COPY requirements/container.txt ./requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --no-deps --require-hashes --only-binary=:all: -r requirements/container.txt

COPY api ./api
COPY lib ./lib
COPY public ./public
# Nothing here can be written at run time: what Python would compile then is compiled now.
RUN python -m compileall -q api lib

# By number, so that orchestrators can see that it is not root. It owns no file.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/ping', timeout=2)"]

# Keep-alive: longer than the 60 s of nginx, which would else use a connection that is about to close.
# At the end it takes no new requests and lets the answers finish that have begun.
CMD ["sh", "-c", "exec uvicorn api.index:app --host 0.0.0.0 --port \"$PORT\" --timeout-keep-alive 75 --loop uvloop --http h11 --h11-max-incomplete-event-size 131072 --no-access-log --log-level warning"]
