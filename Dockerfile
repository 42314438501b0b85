# Builds the gateway and packs it alone: no compiler, no sources, no root.
#
#   docker build --tag odoo-gateway .
#   docker run --rm --publish 127.0.0.1:8080:8080 --volume gateway-data:/data \
#       --env ODOO_URL=http://odoo.example:8069 --env ODOO_DB=odoo odoo-gateway

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# Dependencies, downloaded and compiled, stay in the builder's cache: a change of the sources compiles the sources only.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin odoo-gateway \
    && install target/release/odoo-gateway /usr/local/bin/odoo-gateway

FROM debian:bookworm-slim
# The certificates are for an Odoo behind TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /usr/local/bin/odoo-gateway /usr/local/bin/odoo-gateway

USER 10001:10001
# The default store, .data/gateway.db, lies here. Nothing else is written: the root may be read-only.
WORKDIR /data
VOLUME /data

# Inside, every address is the container's own; what is published is decided outside. Operations stay on the loopback.
ENV ODOO_GATEWAY__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["odoo-gateway", "health"]
ENTRYPOINT ["odoo-gateway"]
