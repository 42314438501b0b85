# The container image: built from scratch by the Dockerfile, and tested as a container.
#
# In:   the Dockerfile; this machine's Debian mirror, Rust toolchain and Cargo settings, from which the two base images
#       of the Dockerfile are built.
# Out:  the image in a storage of its own, $CACHE/image; `test_image` starts it in front of Odoo 19.

IMAGE_TAG=odoo-gateway:testbed

# A storage of its own does not affect the user's images. It also stores the cache mounts of the build.
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

# make_image_root FOLDER [debootstrap option…]: the content of a slim Debian image.
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
    # Only the source of crates from Cargo's home.
    [[ ! -f $home/config.toml ]] || install -m 644 "$home/config.toml" "$root/usr/local/cargo/config.toml"
    image_trust "$root"
}

# The certificates that this machine trusts: its mirrors may use TLS.
image_trust() {
    local bundle=/etc/ssl/certs/ca-certificates.crt
    [[ ! -f $bundle ]] || install -D -m 644 "$bundle" "$1$bundle"
}

# image_base FOLDER NAME [buildah config option…]: the folder's content as an image of this name, rebuilt if the folder
# has changed.
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

# Builds the Dockerfile on the local base images, in the format that supports HEALTHCHECK.
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
        { tail -n 40 "$CACHE/image/build.log" >&2 && fail "the build of the image failed; the complete log is $CACHE/image/build.log"; }
}

# --- a container ----------------------------------------------------------------------------------------------------

# image_config EXPRESSION: evaluates a Python expression of the image's config `c`.
image_config() {
    "${image_buildah[@]}" inspect --type image "$IMAGE_TAG" |
        /usr/bin/python3 -c "import json, sys; c = json.load(sys.stdin)['Docker']['config']; $1"
}

# Mounts the image's file system and creates its volumes, with owner and mode from the image as Docker does.
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

# Runs a command as in a container: the image's root, read-only; its volumes; no capabilities and no way to get one;
# only the image's environment and the given variables. The network is the machine's. The mounts are in a namespace that
# ends with the command.
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

# container_command SETTING… -- ARGUMENT…: sets $container to the image's command with these settings and arguments. The
# volume $container_locked is read-only.
container_locked=
container_command() {
    local settings=()
    while [[ $1 != -- ]]; do settings+=("$1") && shift; done
    container=(unshare --mount bash -c "$CONTAINER_INTO" container "$image_root" "$WORKSPACE/volumes" "$container_locked"
        "$image_user" "$image_folder" "${image_env[@]}" "${settings[@]}" "${image_command[@]}" "${@:2}")
}

# --- the test -------------------------------------------------------------------------------------------------------

# verify FACT COMMAND…: fails with the command's output if the command fails.
verify() {
    local fact=$1 found
    found=$("${@:2}" 2>&1) || { show_log gateway && fail "FAILED: $fact: $found"; }
    log "ok: $fact"
}

# response STATUS PATTERN [curl option…]: checks that the response has this status, and that head or body matches.
response() {
    local found
    found=$(curl --silent --include "${@:3}") || true
    [[ $found == HTTP/1.1\ $1\ * && $found =~ $2 ]] || { echo "$found" && return 1; }
}

ready_with() { curl --silent "$image_ops/readyz" | grep -qF "$1"; }

# Each administrator command runs in a container of its own with the same volumes, as with `docker run`.
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

test_image() {
    local api key token created partners
    local api_port ops_port
    api_port=$(free_port) ops_port=$(free_port)
    api=http://127.0.0.1:$api_port image_ops=http://127.0.0.1:$ops_port partners=$api/restapi/1.0/object/res.partner
    image_settings=("ODOO_URL=http://127.0.0.1:${ODOO_PORT[odoo19]}" ODOO_DB=odoo19
        "ODOO_GATEWAY__SERVER__LISTEN=127.0.0.1:$api_port" "ODOO_GATEWAY__OPS__LISTEN=127.0.0.1:$ops_port")

    verify "the image has a health check, a user and the port for probes" image_config '
assert c["Healthcheck"]["Test"] == ["CMD", "odoo-gateway", "health"], c
assert c["User"] == "10001:10001" and set(c["Volumes"]) == {"/data", "/keys"}, c
assert "ODOO_GATEWAY__OPS__LISTEN=0.0.0.0:9090" in c["Env"] and "9090/tcp" in c["ExposedPorts"], c'
    verify "check succeeds and creates nothing" in_container check
    verify "both volumes are empty before the first start" test -z "$(find "$WORKSPACE/volumes" -type f)"

    serve_image
    verify "odoo-gateway health works" in_container health
    verify "it is ready " response 200 '"ready":true' "$image_ops/readyz"
    key=$(in_container key create --name shop --login admin <<<admin) || fail "FAILED: key create prints a key"
    verify "key create prints a key" test -n "$key"
    verify "the master key is on its own volume, accessible only to the gateway" \
        test "$(stat --format='%u %a' "$WORKSPACE/volumes/keys/master.key")" = "10001 600"
    verify "the volume of the store contains no key" test -z "$(find "$WORKSPACE/volumes/data" -name '*key*')"
    verify "the key works " response 200 '[0-9]' -H "api-key: $key" "$partners/search_count"
    token=$(curl --silent --data-urlencode login=admin --data-urlencode password=admin -d db=odoo19 \
        "$api/rest/api/login/token" | grep -o '"access_token": *"[^"]*"' | cut -d '"' -f 4)
    verify "a login token works " response 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    created=(-H "api-key: $key" -H "Idempotency-Key: one" --json '{"vals": {"name": "Made once"}}' "$partners")
    verify "a write with an idempotency key succeeds " response 200 'Made once|"id"' "${created[@]}"
    verify "the same write is replayed " response 200 '[Ii]dempotency-[Rr]eplayed: true' "${created[@]}"
    verify "it was executed once " response 200 '[^0-9]1[^0-9]*$' -H "api-key: $key" -G \
        --data-urlencode "domain=[('name','=','Made once')]" "$partners/search_count"
    verify "metrics are available " response 200 'odoo_gateway_odoo_up.database="odoo19". 1' "$image_ops/metrics"
    stop gateway

    serve_image
    verify "key and token still work after a restart " response 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    stop gateway

    rm "$WORKSPACE"/volumes/keys/* && rm -rf "$WORKSPACE/volumes/data/.data"
    container_locked=/keys
    serve_image
    verify "the gateway is not ready with a read-only key volume" response 503 'master key.*read-only' "$image_ops/readyz"
    verify "and returns an error code of its own" response 503 master_key_unavailable -u admin:admin \
        -H "Idempotency-Key: two" --json '{"vals": {"name": "Never made"}}' "$partners"
    verify "check fails, too" eval '! in_container check'
    stop gateway
}

image() {
    require_root
    build_image
    log "starting Odoo 19"
    start odoo19
    open_image
    test_image
    close_image
    log "the image works: $IMAGE_TAG"
}
