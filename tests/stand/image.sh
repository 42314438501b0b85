# The container image: built from scratch by the Dockerfile, and tried as a container runs it.
#
# In:   the Dockerfile; this machine's Debian mirror, Rust toolchain and Cargo settings, of which the two base images are
#       made under the names that the Dockerfile gives them.
# Out:  the image in a storage of its own, $CACHE/image; `prove_image` starts it in front of Odoo 19.

IMAGE_TAG=odoo-gateway:stand

# An own storage: images of this machine's user are neither seen nor changed. It keeps what the build's cache mounts hold.
image_buildah=(env "TMPDIR=$CACHE/image/tmp" buildah --root "$CACHE/image/storage" --runroot "$CACHE/image/run")

install_image() {
    require_root
    ensure_packages debootstrap buildah
    ensure_command curl curl
    command -v rustc >/dev/null || fail "the build base needs this machine's Rust toolchain: install one"
    cached image/runtime make_image_root
    cached image/builder make_image_builder "$(rustc --version)"
    mkdir -p "$CACHE/image/tmp"
}

# make_image_root FOLDER [debootstrap option…]: what a slim image of Debian has.
make_image_root() {
    local root=$1 mirror
    mirror=$(debian_mirror)
    quietly debootstrap --variant=minbase "${@:2}" bookworm "$root" "$mirror"
    echo "deb $mirror bookworm main" >"$root/etc/apt/sources.list"
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb
    image_trust "$root"
}

# The build base is the runtime base with a C compiler and the machine's own Rust toolchain.
make_image_builder() {
    local root=$1 sysroot home=${CARGO_HOME:-$HOME/.cargo}
    make_image_root "$root" --include=gcc,libc6-dev,ca-certificates
    sysroot=$(rustc --print sysroot)
    mkdir -p "$root/usr/local/cargo"
    tar --create --directory="$sysroot" --exclude=share --exclude=libexec --exclude=etc . |
        tar --extract --no-same-owner --directory="$root/usr/local"
    # Where crates are fetched from, and nothing else of Cargo's home.
    [[ ! -f $home/config.toml ]] || install -m 644 "$home/config.toml" "$root/usr/local/cargo/config.toml"
    image_trust "$root"
}

# The certificates that this machine believes: its mirrors may be reached over TLS.
image_trust() {
    local bundle=/etc/ssl/certs/ca-certificates.crt
    [[ ! -f $bundle ]] || install -D -m 644 "$bundle" "$1$bundle"
}

# image_base FOLDER NAME [buildah config option…]: the folder's content as an image of this name, made anew when the
# folder was.
image_base() {
    local folder=$1 name=$2 recipe container
    recipe=$(recipe_of image_base "$(<"$folder.recipe")" "${@:2}")
    is_made_by "$folder.image" "$recipe" && "${image_buildah[@]}" inspect --type image "$name" >/dev/null 2>&1 && return
    container=$("${image_buildah[@]}" from scratch)
    quietly "${image_buildah[@]}" add "$container" "$folder" /
    quietly "${image_buildah[@]}" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${@:3}" "$container"
    quietly "${image_buildah[@]}" commit --rm "$container" "$name"
    echo "$recipe" >"$folder.image.recipe"
}

# Builds what the Dockerfile says, on bases of this machine, in the format that keeps HEALTHCHECK.
build_image() {
    local source=$STAND/../.. builder runtime
    builder=$(sed -n 's/^FROM \(\S*\) AS build$/\1/p' "$source/Dockerfile")
    runtime=$(sed -n 's/^FROM \(\S*\)$/\1/p' "$source/Dockerfile")
    log "making the base images $builder and $runtime"
    image_base "$CACHE/image/builder" "$builder" --env CARGO_HOME=/usr/local/cargo
    image_base "$CACHE/image/runtime" "$runtime"
    log "building the image (the first time takes a quarter of an hour)"
    nice "${image_buildah[@]}" build --isolation chroot --format docker --pull-never \
        --tag "$IMAGE_TAG" "$source" >"$CACHE/image/build.log" 2>&1 ||
        { tail -n 40 "$CACHE/image/build.log" >&2 && fail "the image was not built; all of it is in $CACHE/image/build.log"; }
}

# --- a container ----------------------------------------------------------------------------------------------------

# What the image says about itself: image_config EXPRESSION, in Python, of the config `c`.
image_config() {
    "${image_buildah[@]}" inspect --type image "$IMAGE_TAG" |
        /usr/bin/python3 -c "import json, sys; c = json.load(sys.stdin)['Docker']['config']; $1"
}

# Opens the image's file system, and makes its volumes: as Docker does, with the owner and mode that the image has there.
open_image() {
    local volume
    image_container=$("${image_buildah[@]}" from "$IMAGE_TAG")
    image_root=$("${image_buildah[@]}" mount "$image_container")
    mapfile -t image_env < <(image_config 'print(*c["Env"], sep="\n")')
    mapfile -t image_volumes < <(image_config 'print(*c["Volumes"], sep="\n")')
    mapfile -t image_command < <(image_config 'print(*c["Entrypoint"], sep="\n")')
    image_user=$(image_config 'print(c["User"])')
    image_folder=$(image_config 'print(c["WorkingDir"])')
    mkdir -p "$WORKSPACE/volumes"
    for volume in "${image_volumes[@]}"; do cp -a "$image_root$volume" "$WORKSPACE/volumes$volume"; done
}

close_image() {
    "${image_buildah[@]}" umount "$image_container" >/dev/null
    "${image_buildah[@]}" rm "$image_container" >/dev/null
}

# What a container is: the image's root, read-only; its volumes; no capability and no way to get one; no variable but the
# image's own and those given. Only the network is the machine's. The mounts are of a namespace that ends with the command.
CONTAINER_INTO='
    root=$1 volumes=$2 locked=$3 user=$4 folder=$5 && shift 5 &&
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" || exit
    for volume in "$volumes"/*; do
        mount --bind "$volume" "$root/${volume##*/}" || exit
        [[ "/${volume##*/}" != "$locked" ]] || mount -o remount,bind,ro "$root/${volume##*/}" || exit
    done
    exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups --bounding-set=-all \
        --inh-caps=-all --no-new-privs env --ignore-environment --chdir="$folder" "$@"'

# container_command SETTING… -- ARGUMENT…: into $container, the image's command with these settings and arguments. Of the
# volumes $container_locked cannot be written to.
container_locked=
container_command() {
    local settings=()
    while [[ $1 != -- ]]; do settings+=("$1") && shift; done
    container=(unshare --mount bash -c "$CONTAINER_INTO" container "$image_root" "$WORKSPACE/volumes" "$container_locked"
        "$image_user" "$image_folder" "${image_env[@]}" "${settings[@]}" "${image_command[@]}" "${@:2}")
}

# --- the proof ------------------------------------------------------------------------------------------------------

# proven FACT COMMAND…: says what is true; ends with what was found instead where it is not.
proven() {
    local fact=$1 found
    found=$("${@:2}" 2>&1) || { show_log gateway && fail "NOT proven: $fact: $found"; }
    log "proven: $fact"
}

# answer STATUS PATTERN [curl option…]: the answer has this status, and its head or body matches.
answer() {
    local found
    found=$(curl --silent --include "${@:3}") || true
    [[ $found == HTTP/1.1\ $1\ * && $found =~ $2 ]] || { echo "$found" && return 1; }
}

ready_with() { curl --silent "$image_ops/readyz" | grep -qF "$1"; }

# Each command of an administrator is a container of its own over the same volumes, as `docker run` makes it.
in_container() {
    container_command "${image_settings[@]}" -- "$@"
    "${container[@]}"
}

serve_image() {
    container_command "${image_settings[@]}" -- serve
    spawn gateway TERM "${container[@]}"
    until curl --silent --output /dev/null "$image_ops/livez"; do
        kill -0 "${SERVER_PID[gateway]}" 2>/dev/null || { show_log gateway && fail "the gateway did not start"; }
        sleep 0.1
    done
}

prove_image() {
    local api key token created partners
    local api_port ops_port
    api_port=$(free_port) ops_port=$(free_port)
    api=http://127.0.0.1:$api_port image_ops=http://127.0.0.1:$ops_port partners=$api/restapi/1.0/object/res.partner
    image_settings=("ODOO_URL=http://127.0.0.1:${ODOO_PORT[odoo19]}" ODOO_DB=odoo19
        "ODOO_GATEWAY__SERVER__LISTEN=127.0.0.1:$api_port" "ODOO_GATEWAY__OPS__LISTEN=127.0.0.1:$ops_port")

    proven "the image says how healthy it is, who it is, and where probes reach it" image_config '
assert c["Healthcheck"]["Test"] == ["CMD", "odoo-gateway", "health"], c
assert c["User"] == "10001:10001" and set(c["Volumes"]) == {"/data", "/keys"}, c
assert "ODOO_GATEWAY__OPS__LISTEN=0.0.0.0:9090" in c["Env"] and "9090/tcp" in c["ExposedPorts"], c'
    proven "check finds all well, and makes nothing" in_container check
    proven "both volumes are empty before the first start" test -z "$(find "$WORKSPACE/volumes" -type f)"

    serve_image
    proven "odoo-gateway health works" in_container health
    proven "it is ready" answer 200 '"ready":true' "$image_ops/readyz"
    key=$(in_container key create --name shop --login admin <<<admin) || fail "NOT proven: a key is made with key create"
    proven "a key is made with key create" test -n "$key"
    proven "the master key is on its own volume, for the gateway alone" \
        test "$(stat --format='%u %a' "$WORKSPACE/volumes/keys/master.key")" = "10001 600"
    proven "there is none beside the store" test -z "$(find "$WORKSPACE/volumes/data" -name '*key*')"
    proven "the key opens Odoo" answer 200 '[0-9]' -H "api-key: $key" "$partners/search_count"
    token=$(curl --silent --data-urlencode login=admin --data-urlencode password=admin -d db=odoo19 \
        "$api/rest/api/login/token" | grep -o '"access_token": *"[^"]*"' | cut -d '"' -f 4)
    proven "a login token works" answer 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    created=(-H "api-key: $key" -H "Idempotency-Key: one" --json '{"vals": {"name": "Made once"}}' "$partners")
    proven "a write is done under an idempotency key" answer 200 'Made once|"id"' "${created[@]}"
    proven "the same write is replayed" answer 200 '[Ii]dempotency-[Rr]eplayed: true' "${created[@]}"
    proven "it was done once" answer 200 '[^0-9]1[^0-9]*$' -H "api-key: $key" -G \
        --data-urlencode "domain=[('name','=','Made once')]" "$partners/search_count"
    proven "metrics are for scrapers" answer 200 'odoo_gateway_odoo_up.database="odoo19". 1' "$image_ops/metrics"
    stop gateway

    serve_image
    proven "after a restart key and token open Odoo still" answer 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    stop gateway

    rm "$WORKSPACE"/volumes/keys/* && rm -rf "$WORKSPACE/volumes/data/.data"
    container_locked=/keys
    serve_image
    proven "a key volume that is read-only is not ready" answer 503 'master key.*read-only' "$image_ops/readyz"
    proven "and has an error code of its own" answer 503 master_key_unavailable -u admin:admin \
        -H "Idempotency-Key: two" --json '{"vals": {"name": "Never made"}}' "$partners"
    proven "check fails there" eval '! in_container check'
    stop gateway
}

image() {
    require_root
    build_image
    log "starting Odoo 19"
    start odoo19
    open_image
    prove_image
    close_image
    log "the image works: $IMAGE_TAG"
}
