# The Debian package: built around a binary that exists, installed, upgraded and removed in a Debian of its own.
#
# In:   Cargo.toml's [package.metadata.deb], deploy/systemd, deploy/debian; this machine's Debian mirror and Rust toolchain.
# Out:  `build_package`: a .deb file. `package`: the facts that hold, on stderr; the first that does not ends the testbed.

CARGO_DEB_VERSION=3.8.0

install_packages() {
    require_root
    ensure_packages debootstrap binutils dpkg-dev
    ensure_command curl curl
    cached packages/cargo-deb make_cargo_deb "$CARGO_DEB_VERSION"
    cached packages/root make_package_root
}

make_cargo_deb() {
    log "compiling cargo-deb (takes some minutes)"
    quietly nice cargo install --locked --debug --root "$1" --target-dir "$1/target" "cargo-deb@$CARGO_DEB_VERSION"
    rm -rf "$1/target"
}

# A Debian that the package is installed in, with systemd but without a running one.
make_package_root() {
    make_image_root "$1" --include=systemd,ca-certificates,strace
}

# build-package BINARY: the package with the version of the crate, for users.
build-package() {
    local folder
    open_workspace
    folder=$STAND/../../target/debian
    mkdir -p "$folder"
    build_package "$1" "$(sed -n '0,/^version = "\(.*\)"$/s//\1/p' "$STAND/../../Cargo.toml")-1" "$WORKSPACE/package"
    cp "$WORKSPACE"/package/*.deb "$folder/"
    log "the package is in target/debian"
}

# build_package BINARY VERSION FOLDER: FOLDER/odoo-gateway_VERSION_ARCHITECTURE.deb
build_package() {
    local binary=$1 version=$2 folder=$3
    local release=$folder/target/release
    mkdir -p "$release/package"
    strip -o "$release/odoo-gateway" "$binary"
    "$binary" man | gzip --best --no-name >"$release/package/odoo-gateway.1.gz"
    "$binary" completions bash >"$release/package/odoo-gateway.bash"
    "$binary" completions zsh >"$release/package/_odoo-gateway"
    "$binary" completions fish >"$release/package/odoo-gateway.fish"
    quietly env "CARGO_TARGET_DIR=$folder/target" "$CACHE/packages/cargo-deb/bin/cargo-deb" --quiet --fast --no-build --no-strip \
        --manifest-path "$STAND/../../Cargo.toml" --deb-version "$version" --output "$folder/"
}

# in_debian COMMAND…: runs a command in the Debian.
in_debian() {
    unshare --mount sh -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"' "$debian" \
        env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# as_service COMMAND…: as the user of the service, in its folder.
as_service() {
    in_debian setpriv --reuid=odoo-gateway --regid=odoo-gateway --init-groups --no-new-privs \
        env --chdir=/var/lib/odoo-gateway ODOO_GATEWAY_CONFIG=/etc/odoo-gateway/odoo-gateway.toml "$@"
}

# is FILE OWNER:GROUP MODE
is() { [[ $(in_debian stat --format='%U:%G %a' "$1") == "$2 $3" ]] || { in_debian stat "$1" && return 1; }; }

verify_unit() {
    local units=/usr/lib/systemd/system
    verify "systemd accepts the units" in_debian systemd-analyze verify --man=no $units/odoo-gateway.service $units/odoo-gateway.socket
    verify "the exposure of the service is at most 1.5" \
        in_debian systemd-analyze security --offline=true --threshold=15 --no-pager $units/odoo-gateway.service
    verify "it does not start before it is configured" \
        test ! -e "$debian/etc/systemd/system/multi-user.target.wants/odoo-gateway.service"
    verify "it can be enabled" in_debian systemctl enable odoo-gateway.service
}

verify_files() {
    verify "the configuration is not readable by others" is /etc/odoo-gateway/odoo-gateway.toml root:odoo-gateway 640
    verify "the configuration is valid" in_debian odoo-gateway-admin config
    verify "the folders are accessible only to the gateway" is /var/lib/odoo-gateway-keys odoo-gateway:odoo-gateway 700
    verify "there is a manual page" zgrep --quiet '^\.TH odoo-gateway 1' "$debian/usr/share/man/man1/odoo-gateway.1.gz"
    verify "there are completions" bash -c 'source "$1" && complete -p odoo-gateway' bash \
        "$debian/usr/share/bash-completion/completions/odoo-gateway"
}

# verify_calls FILE: the unit allows each system call in the output of strace.
verify_calls() {
    in_debian systemd-analyze syscall-filter --no-pager >"$WORKSPACE/calls"
    /usr/bin/python3 - "$WORKSPACE/calls" "$debian/usr/lib/systemd/system/odoo-gateway.service" "$1" <<'PYTHON'
import re, sys
groups, members = {}, None
for line in open(sys.argv[1]):
    if line.startswith("@"):
        members = groups.setdefault(line.strip(), set())
    elif members is not None and (name := line.strip()) and not name.startswith("#"):
        members.add(name)
def calls(name):
    return set().union(*map(calls, groups[name])) if name in groups else {name}
allowed = set()
for rule in re.findall(r"^SystemCallFilter=(.*)$", open(sys.argv[2]).read(), re.MULTILINE):
    named = set().union(*map(calls, rule.removeprefix("~").split()))
    allowed = allowed - named if rule.startswith("~") else allowed | named
# systemd itself starts the program.
made = set(re.findall(r"^\d+ +(?:<\.\.\. )?([a-z0-9_]+)(?:\(| resumed)", open(sys.argv[3]).read(), re.MULTILINE)) - {"execve"}
assert len(made) > 30, made
assert made <= allowed, made - allowed
PYTHON
}

# Serves with the settings of the package, except for the ports, and with no Odoo.
verify_service() {
    local api ops
    api=$(free_port) ops=$(free_port)
    spawn gateway TERM bash -c "$(declare -f in_debian as_service); debian=$debian; as_service \"\$@\"" bash \
        env "ODOO_GATEWAY__SERVER__LISTEN=127.0.0.1:$api" "ODOO_GATEWAY__OPS__LISTEN=127.0.0.1:$ops" \
        strace --follow-forks --quiet=all --output=/var/lib/odoo-gateway/calls odoo-gateway serve
    until curl --silent --output /dev/null "http://127.0.0.1:$ops/livez"; do
        kill -0 "${SERVER_PID[gateway]}" 2>/dev/null || { show_log gateway && fail "the gateway did not start"; }
        sleep 0.1
    done
    verify "an administrator can create a master key " in_debian odoo-gateway-admin keys add
    verify "it is accessible only to the gateway" is /var/lib/odoo-gateway-keys/master.key odoo-gateway:odoo-gateway 600
    verify "the store is, too" is /var/lib/odoo-gateway/gateway.db odoo-gateway:odoo-gateway 600
    verify "the store and the key can be used " response 503 '"store":\{"ok":true\}' "http://127.0.0.1:$ops/readyz"
    verify "a request is answered " response 200 application/json "http://127.0.0.1:$api/openapi.json"
    stop gateway
    verify "the unit allows every system call that the gateway makes" verify_calls "$debian/var/lib/odoo-gateway/calls"
}

verify_upgrade_and_purge() {
    local before
    echo '# a change of the administrator' >>"$debian/etc/odoo-gateway/odoo-gateway.toml"
    before=$(sha256sum "$debian"/etc/odoo-gateway/odoo-gateway.toml "$debian/var/lib/odoo-gateway-keys/master.key")
    verify "a later version can be installed" in_debian dpkg --install /packages/later.deb
    verify "the configuration and the keys are as before" test "$before" = \
        "$(sha256sum "$debian"/etc/odoo-gateway/odoo-gateway.toml "$debian/var/lib/odoo-gateway-keys/master.key")"
    verify "it is still enabled" in_debian systemctl is-enabled odoo-gateway.service
    verify "the configuration is still protected" is /etc/odoo-gateway/odoo-gateway.toml root:odoo-gateway 640
    verify "it can be removed" in_debian dpkg --remove odoo-gateway
    verify "which keeps configuration and data" test "$before" = \
        "$(sha256sum "$debian"/etc/odoo-gateway/odoo-gateway.toml "$debian/var/lib/odoo-gateway-keys/master.key")"
    verify "it can be purged" in_debian dpkg --purge odoo-gateway
    verify "which leaves nothing" test -z "$(find "$debian"/{etc,usr,var} -name '*odoo-gateway*')"
}

# package BINARY
package() {
    require_root
    open_workspace
    debian=$WORKSPACE/debian
    cp -a "$CACHE/packages/root" "$debian"
    mkdir "$debian/packages"
    build_package "$1" 1.0.0-1 "$WORKSPACE/earlier"
    build_package "$1" 1.0.1-1 "$WORKSPACE/later"
    cp "$WORKSPACE"/earlier/*.deb "$debian/packages/earlier.deb"
    cp "$WORKSPACE"/later/*.deb "$debian/packages/later.deb"
    verify "the package can be installed" in_debian dpkg --install /packages/earlier.deb
    verify_files
    verify_unit
    verify_service
    verify_upgrade_and_purge
}
