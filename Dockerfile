# Builds an image that contains only the gateway: no compiler, no sources. It runs without root.
#
#   docker build --tag odoo-gateway .
#   docker run --rm --read-only --publish 127.0.0.1:8080:8080 --volume gateway-data:/data --volume gateway-keys:/keys \
#       --env ODOO_URL=http://odoo.example:8069 --env ODOO_DB=odoo odoo-gateway
#
# Podman and Buildah write the OCI format by default, which has no HEALTHCHECK: build with `--format docker` to keep it.
# `make image` builds the image from scratch and tests it.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The builder's cache keeps the compiled dependencies, so that a change of the sources compiles only the sources.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin odoo-gateway \
    && install target/release/odoo-gateway /usr/local/bin/odoo-gateway

FROM debian:bookworm-slim
# The certificates are needed for an Odoo that uses TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data /keys
COPY --from=build /usr/local/bin/odoo-gateway /usr/local/bin/odoo-gateway

USER 10001:10001
# /data contains the default store, .data/gateway.db. /keys contains the master key and INSTANCE.seen. They are separate
# volumes because a copy of one must not open the other. The gateway writes nothing else: the root may be read-only.
WORKDIR /data
VOLUME ["/data", "/keys"]
# The folder of the master key, unless secrets.master_key_file or secrets.master_key_command is set.
ENV CONFIGURATION_DIRECTORY=/keys

# Listen on all addresses of the container. Publish only 8080: /livez, /readyz and /metrics on 9090 require no
# credential and are meant for probes and scrapers on the same network.
ENV ODOO_GATEWAY__SERVER__LISTEN=0.0.0.0:8080 \
    ODOO_GATEWAY__OPS__LISTEN=0.0.0.0:9090
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["odoo-gateway", "health"]
ENTRYPOINT ["odoo-gateway"]
