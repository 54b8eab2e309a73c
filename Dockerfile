# The gateway with the embedded engine:      docker build -t completions-gateway .
# Without it, for servers of your own only:  docker build -t completions-gateway --build-arg EMBEDDED_ENGINE=false .
#
# Any base with Node 24, npm, glibc and libstdc++ does; Debian and not Alpine, since the builds of llama.cpp need glibc.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# The lock file refers to `vendor`: an empty package from there stands in for the GPU builds of llama.cpp.
COPY package.json package-lock.json ./
COPY vendor ./vendor
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY engine ./engine
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
ARG EMBEDDED_ENGINE=true
WORKDIR /app
COPY package.json package-lock.json ./
COPY vendor ./vendor
# The packages `node-linux-*` bring Node to machines that have an older one. Here they would be 189 MB for nothing.
RUN npm ci --ignore-scripts --omit=dev $([ "$EMBEDDED_ENGINE" = true ] || echo --omit=optional) --no-audit --no-fund \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM ${NODE_IMAGE}
# What is set here overrides a gateway.yaml. The production mode refuses to start without an API key.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY package.json LICENSE ./
COPY vendor ./vendor
COPY scripts ./scripts
COPY engine/models ./engine/models
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Where usage waits while a database is away, for a volume: DATA_DIR=/data.
RUN mkdir /data && chown 1000:1000 /data
# Everything above belongs to root: the process can read its own code and cannot change it.
# By number: not every base has a name for it (`node` in the official image).
USER 1000:1000
EXPOSE 8080
# Whether the process lives. Whether it should get requests is /readyz: ask that from a load balancer.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "dist/src/main.js"]
