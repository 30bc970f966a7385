# The service with a model inside: Node, the libraries that it links to, one folder of JavaScript, and the model. No shell,
# no package manager, no Python, no node_modules. /app/sbom.cdx.json lists what is in it.
#
#   docker build --build-arg MODEL=models/model.bin --build-arg GIT_COMMIT=$(git rev-parse HEAD) -t sentiment .
#
# A company's registries: --build-arg NODE_IMAGE=..., --secret id=npmrc,src=... and --secret id=ca,src=...
ARG NODE_IMAGE=node:24-bookworm-slim@sha256:235600a8101ab264e117b1768e925532262668dc9b581ef1dd7d96ced463b8e7

# JavaScript is the same on every platform, so it is bundled on the builder's own.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS bundle
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/run/ca.pem \
    if [ -s /run/ca.pem ]; then export NODE_EXTRA_CA_CERTS=/run/ca.pem; fi; npm ci --ignore-scripts
COPY ml ml
COPY service service
COPY cli cli
COPY scripts/bundle.ts scripts/bill.ts scripts/licences.ts scripts/
RUN node scripts/bundle.ts /app

# Node and the Debian libraries that it needs, with Debian's record of those packages, so that scanners know their versions.
FROM ${NODE_IMAGE} AS root
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /root-fs
RUN mkdir -p etc tmp usr/local/bin var/lib/dpkg \
    && chmod 1777 tmp \
    && cp -L "$(command -v node)" usr/local/bin/node \
    && ldd usr/local/bin/node | grep -o '/[^ ]*' | sort -u | while read -r library; do cp -L --parents "$library" .; done \
    && ldd usr/local/bin/node | grep -o '/[^ ]*' | xargs -n 1 realpath | sed 's|^/lib|/usr/lib|' | sort -u \
    | while read -r file; do dpkg-query -S "$file" "${file#/usr}" 2>/dev/null || true; done | cut -d : -f 1 | sort -u \
    | xargs dpkg-query -s >var/lib/dpkg/status \
    && cp -L /etc/os-release etc/os-release \
    && echo 'sentiment:x:10001:10001::/app:/nonexistent' >etc/passwd \
    && echo 'sentiment:x:10001:' >etc/group

FROM scratch
COPY --from=root /root-fs /
COPY --from=bundle /app /app
ARG MODEL=models/model.bin
COPY ${MODEL} /app/model.bin
WORKDIR /app
# By default the service listens on loopback only; in a container, others must reach it.
ENV HOST=0.0.0.0 \
    PORT=8080 \
    MODEL_URI=/app/model.bin \
    MODEL_CACHE_DIR=/tmp/models \
    NODE_ENV=production
ARG GIT_COMMIT=
ARG MODEL_NAME=
ARG MODEL_VERSION=
ARG SOURCE_URL=
ARG NODE_IMAGE
ENV GIT_COMMIT=${GIT_COMMIT} \
    MODEL_NAME=${MODEL_NAME} \
    MODEL_VERSION=${MODEL_VERSION}
LABEL org.opencontainers.image.title="sentiment" \
      org.opencontainers.image.description="Sentiment of English texts over HTTP: a page, POST /predict, metrics" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE_URL}" \
      org.opencontainers.image.version="${MODEL_VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"
# Above 10000, so that it is no user of a node.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/node", "/app/healthcheck.mjs"]
# Half of the container's memory for the heap: by default Node takes all of it, and bodies and answers need room beside it. Young
# objects have 12 MB at most, so that the bodies of refused requests, which are outside of the heap, are freed often and cheaply. With
# 24, V8 frees them by collecting the whole heap, and 20 clients with bodies of 1 MB take 25 MB more; with 6, explanations of 20 kB come
# a quarter slower.
ENTRYPOINT ["/usr/local/bin/node", "--max-old-space-size-percentage=50", "--max-semi-space-size=4", "/app/main.mjs"]
