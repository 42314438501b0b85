# Builds an image that contains the gateway, the libraries that it loads, and the certificates of public authorities:
# no shell, no package manager, no compiler, no sources. It runs without root.
#
#   docker build --tag odoo-gateway .
#   docker run --rm --read-only --publish 127.0.0.1:8080:8080 --volume gateway-data:/data --volume gateway-keys:/keys \
#       --env ODOO_URL=http://odoo.example:8069 --env ODOO_DB=odoo odoo-gateway
#
# Arguments (--build-arg):
#   SOURCE_COMMIT, SOURCE_DATE_EPOCH  the commit and its time, `git show --no-patch --format='%H %ct'`, for
#                                     `odoo-gateway --version` and the label of the image
#
# Podman and Buildah write the OCI format by default, which has no HEALTHCHECK: build with `--format docker` to keep it.
# `make image` builds the image from scratch and tests it.

FROM rust:1.95-slim-bookworm AS build
# The build of the allocator needs make.
RUN apt-get update && apt-get install --yes --no-install-recommends make
# Adds the list of all dependencies and their versions to the binary. Scanners such as Trivy and Grype read it (see
# docs/operations/container.md).
RUN cargo install --locked --root /usr/local cargo-auditable@0.7.7
WORKDIR /src
COPY . .
ARG SOURCE_COMMIT
ARG SOURCE_DATE_EPOCH
# The cache contains the compiled dependencies, so that a change of the sources compiles only the sources.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo auditable build --release --locked --bin odoo-gateway \
    && install target/release/odoo-gateway /usr/local/bin/odoo-gateway

FROM debian:bookworm-slim AS root
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates
COPY --from=build /usr/local/bin/odoo-gateway /usr/local/bin/odoo-gateway
# The libraries are those that the dynamic linker finds. Each file below dpkg/status.d names a package and its version,
# so that scanners find known vulnerabilities of packages without the database of the package manager.
RUN set -eu; mkdir -p /root-of-image/etc/ssl/certs /root-of-image/var/lib/dpkg/status.d; cd /root-of-image; \
    libraries=$(ldd /usr/local/bin/odoo-gateway | grep --only-matching '/[^ ]*'); \
    cp --parents --dereference /usr/local/bin/odoo-gateway $libraries .; \
    cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/; \
    for package in base-files ca-certificates libc6 libgcc-s1; do \
        dpkg-query --status "$package" > "var/lib/dpkg/status.d/$package"; \
    done; \
    cp --dereference /etc/os-release etc/os-release; \
    echo 'hosts: files dns' > etc/nsswitch.conf; \
    echo 'gateway:x:10001:10001::/data:/nonexistent' > etc/passwd; \
    echo 'gateway:x:10001:' > etc/group; \
    install --directory --mode=1777 tmp; \
    install --directory --owner=10001 --group=10001 --mode=0700 data keys

FROM scratch
ARG SOURCE_COMMIT
LABEL org.opencontainers.image.title="odoo-gateway" \
    org.opencontainers.image.description="A REST gateway for Odoo: four REST dialects, its own credentials, no module in Odoo" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="${SOURCE_COMMIT}" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
COPY --from=root /root-of-image /

USER 10001:10001
# /data contains the default store, .data/gateway.db. /keys contains the master key and INSTANCE.seen. They are separate
# volumes because a copy of one must not open the other. The gateway writes nothing else: the root may be read-only.
WORKDIR /data
VOLUME ["/data", "/keys"]
# CONFIGURATION_DIRECTORY is the folder of the master key, unless secrets.master_key_file or secrets.master_key_command is
# set. Listen on all addresses of the container. Publish only 8080: /livez, /readyz and /metrics on 9090 require no
# credential and are meant for probes and scrapers on the same network.
ENV PATH=/usr/local/bin \
    CONFIGURATION_DIRECTORY=/keys \
    ODOO_GATEWAY__SERVER__LISTEN=0.0.0.0:8080 \
    ODOO_GATEWAY__OPS__LISTEN=0.0.0.0:9090
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["odoo-gateway", "health"]
ENTRYPOINT ["odoo-gateway"]
