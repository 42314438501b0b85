# The container image: built by the Dockerfile from scratch, or around a binary that exists, and tested (container.sh).
#
# In:   the Dockerfile; this machine's Debian mirror, Rust toolchain and Cargo settings, from which the base images of
#       the Dockerfile are built.
# Out:  the image in a storage of its own, $CACHE/image.

IMAGE_TAG=odoo-gateway:testbed

# A storage of its own does not affect the user's images. It also stores the cache mounts of the build.
image_buildah=(env "TMPDIR=$CACHE/image/tmp" buildah --root "$CACHE/image/storage" --runroot "$CACHE/image/run")

# What `testbed pack` needs.
install_pack() {
    require_root
    ensure_packages debootstrap buildah binutils docker-compose python3-yaml
    ensure_command curl curl
    cached image/runtime make_image_root
    mkdir -p "$CACHE/image/tmp"
}

# What a build from scratch needs, too.
install_image() {
    install_pack
    command -v rustc >/dev/null || fail "the build base needs this machine's Rust toolchain: install one"
    cached image/builder make_image_builder "$(rustc --version)"
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

# The image that a stage of the Dockerfile is based on.
base_of_stage() { sed -n "s/^FROM \(\S*\) AS $1\$/\1/p" "$STAND/../../Dockerfile"; }

# build_image [buildah option…]: builds the Dockerfile in the format that supports HEALTHCHECK.
build_image() {
    local source=$STAND/../..
    image_base "$CACHE/image/runtime" "$(base_of_stage root)"
    nice "${image_buildah[@]}" build --isolation chroot --format docker --pull-never --tag "$IMAGE_TAG" \
        --build-arg "SOURCE_COMMIT=$(git -C "$source" rev-parse HEAD 2>/dev/null || echo unknown)" \
        "$@" "$source" >"$CACHE/image/build.log" 2>&1 ||
        { tail -n 40 "$CACHE/image/build.log" >&2 && fail "the build of the image failed; the complete log is $CACHE/image/build.log"; }
    # The previous image of this name.
    "${image_buildah[@]}" rmi --prune >/dev/null 2>&1 || true
}

# The SBOM in the binary names each crate that Cargo.toml names, in the version of Cargo.lock.
verify_sbom() {
    objcopy --dump-section ".dep-v0=$WORKSPACE/sbom.zlib" "$image_root/usr/local/bin/odoo-gateway" "$WORKSPACE/binary" &&
        /usr/bin/python3 - "$WORKSPACE/sbom.zlib" "$STAND/../.." <<'PYTHON'
import json, sys, tomllib, zlib
sbom = json.loads(zlib.decompress(open(sys.argv[1], "rb").read()))
toml = lambda name: tomllib.load(open(f"{sys.argv[2]}/{name}", "rb"))
found = {(package["name"], package["version"]) for package in sbom["packages"]}
locked = {(package["name"], package["version"]) for package in toml("Cargo.lock")["package"]}
assert found <= locked, found - locked
missing = toml("Cargo.toml")["dependencies"].keys() - {name for name, _ in found}
assert not missing, missing
PYTHON
}

image() {
    require_root
    log "building the image (the first time takes a quarter of an hour)"
    image_base "$CACHE/image/builder" "$(base_of_stage build)" --env CARGO_HOME=/usr/local/cargo
    build_image
    log "starting Odoo 19"
    start odoo19
    open_image
    verify "the binary contains an SBOM of all crates" verify_sbom
    test_image "${ODOO_PORT[odoo19]}" odoo19
    log "the image works: $IMAGE_TAG"
}

# pack BINARY PORT DATABASE: the same image around a binary that exists, in front of an Odoo that listens on this port.
pack() {
    require_root
    IMAGE_TAG=odoo-gateway:packed
    open_workspace
    lock_cache
    mkdir -p "$WORKSPACE/packed/usr/local/bin"
    strip -o "$WORKSPACE/packed/usr/local/bin/odoo-gateway" "$1"
    local container
    container=$("${image_buildah[@]}" from scratch)
    quietly "${image_buildah[@]}" add "$container" "$WORKSPACE/packed" /
    quietly "${image_buildah[@]}" commit --rm "$container" odoo-gateway:binary
    # The stage that compiles is not used then.
    sed 's,--from=build ,--from=localhost/odoo-gateway:binary ,' "$STAND/../../Dockerfile" >"$WORKSPACE/Dockerfile"
    build_image --file "$WORKSPACE/Dockerfile"
    open_image
    unlock_cache
    test_image "$2" "$3"
}
