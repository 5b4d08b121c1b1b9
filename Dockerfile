# For production. Not run in CI: there is no Docker there; tools/setup.py and the same commands are.
FROM node:24-bookworm-slim AS front-end
WORKDIR /yima
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.13-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0
WORKDIR /yima
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=front-end /yima/node_modules/weui/dist/style/weui.min.css static/vendor/
COPY --from=front-end /yima/node_modules/@tabler/core/dist/css/tabler.min.css static/vendor/
COPY --from=front-end /yima/node_modules/@tabler/core/dist/js/tabler.min.js static/vendor/
COPY --from=front-end /yima/node_modules/htmx.org/dist/htmx.min.js static/vendor/
RUN python -m tools.translations compile \
    && useradd --system --home-dir /yima yima \
    && mkdir -p var && chown yima var
USER yima
EXPOSE 8000
CMD ["python", "-m", "tools.run", "web"]
