# The service on Node as a container: one file beside Node on Debian, nobody's root, nothing written. The command is in it
# too, as another file: `node /app/command/rollcall.mjs`.
#   docker build -t rollcall .
# How to configure and run it: docs/deploy/kubernetes.md.

# Another source for the same image: --build-arg NODE_IMAGE=...
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY functions functions
RUN npm run build:functions
RUN npm run build:command
# Where a volume for `sqlite:/data/ledger.db` is mounted: it takes its owner from here.
RUN mkdir data

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="rollcall" \
      org.opencontainers.image.description="Zero-trust enrollment for Alibaba Cloud ECS" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY LICENSE ./
COPY --from=build /build/dist/functions/node.mjs /build/dist/functions/THIRD-PARTY-NOTICES ./
COPY --from=build /build/dist/command/ ./command/
COPY --from=build --chown=1000:1000 /build/data /data
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8787
# By number: Kubernetes can't tell whether a name is root.
USER 1000:1000
EXPOSE 8787
# Finishes what was begun, within 25 s: give it 30.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "/app/node.mjs"]
