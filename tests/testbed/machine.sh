# Functions for the machine: packages, cache, a temporary folder, processes that end with the testbed, and free ports.
#
# In:   the machine's own apt sources; $XDG_CACHE_HOME.
# Out:  $CACHE (persistent) and $WORKSPACE (deleted at exit); functions for the other files.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/odoo-gateway

log() { printf 'stand %(%T)T: %s\n' -1 "$*" >&2; }

fail() {
    log "$*"
    exit 1
}

# quietly COMMAND…: runs an installer, and prints the end of its output only if it fails.
quietly() {
    local log_file=$CACHE/installers.log
    mkdir -p "$CACHE"
    "$@" >"$log_file" 2>&1 || { tail -n 40 "$log_file" >&2 && fail "an installer failed; its output is in $log_file"; }
}

# --- packages -------------------------------------------------------------------------------------------------------

ensure_packages() {
    local package missing=()
    for package; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    ((EUID == 0)) || fail "missing packages: ${missing[*]} (install them, or run this as root)"
    log "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    quietly dpkg --configure -a # completes an earlier, interrupted installation
    quietly apt-get -qq update
    quietly apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}"
}

# ensure_command NAME PACKAGE: installs the package unless the command exists.
ensure_command() { command -v "$1" >/dev/null || ensure_packages "$2"; }

require_root() { ((EUID == 0)) || fail "Odoo and PostgreSQL are provisioned and run as root only: run this as root"; }

# The mirror that this machine uses, for every format of its sources.
debian_mirror() {
    local codename
    codename=$(source /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $codename" | sed -n 1p | grep . ||
        fail "no apt source for $codename on this machine"
}

# --- cache ----------------------------------------------------------------------------------------------------------

# Only one testbed at a time provisions or copies the cache.
lock_cache() {
    mkdir -p "$CACHE"
    exec 9>"$CACHE/lock"
    flock --nonblock 9 && return
    log "waiting for another testbed that uses the cache"
    flock 9
}

unlock_cache() { exec 9>&-; }

# recipe_of FUNCTION INPUT…: a hash of how something is built: of the function's code and of its inputs. It is stored
# next to the result, as the last step, so it also shows that the result is complete.
recipe_of() { { declare -f "$1" && printf '%s\n' "${@:2}"; } | sha256sum | cut -d ' ' -f 1; }

is_made_by() { [[ -f $1.recipe && $(<"$1.recipe") == "$2" ]]; }

# cached NAME BUILD INPUT…: builds the folder $CACHE/NAME with `BUILD folder INPUT…` unless it is up to date. An
# interrupted build is deleted and repeated.
cached() {
    local folder=$CACHE/$1 build=$2 recipe
    recipe=$(recipe_of "${@:2}")
    is_made_by "$folder" "$recipe" && return
    log "making $1"
    rm -f "$folder.recipe"
    rm -rf "$folder"
    mkdir -p "$folder"
    "$build" "$folder" "${@:3}"
    echo "$recipe" >"$folder.recipe"
}

# install_python_packages NAME: makes $CACHE/NAME a virtual environment with the packages in NAME-requirements.txt.
install_python_packages() {
    ensure_packages python3-venv
    cached "$1" make_python_packages "$(<"$STAND/$1-requirements.txt")"
}

make_python_packages() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement /dev/stdin <<<"$2"
}

# install_node_packages NAME: installs the packages in NAME-packages.txt in $CACHE/NAME/node_modules.
install_node_packages() {
    ensure_command node nodejs
    ensure_command npm npm
    cached "$1" make_node_packages "$(<"$STAND/$1-packages.txt")"
}

make_node_packages() {
    local packages
    mapfile -t packages <<<"$2"
    quietly npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --save-exact "${packages[@]}"
}

# --- workspace ------------------------------------------------------------------------------------------------------

# In memory if there is space, because copying a database creates a thousand files. Not in $TMPDIR, because the user
# postgres and the chroot of Odoo 14 need the same path.
WORKSPACE_PARENT=/tmp
if (($(df --output=avail /dev/shm 2>/dev/null | tail -n 1) + 0 > 4 * 1024 * 1024)); then WORKSPACE_PARENT=/dev/shm; fi
WORKSPACES=$WORKSPACE_PARENT/odoo-gateway-testbed

# A killed testbed leaves its folder; the process id in the name shows whether it still runs.
remove_orphaned_workspaces() {
    local folder pid
    for folder in "$WORKSPACES".*; do
        pid=${folder#"$WORKSPACES".}
        [[ -d /proc/${pid%%.*} ]] || rm -rf "$folder" 2>/dev/null || true # it may belong to another user
    done
}

WORKSPACE= # not from the caller's environment, because it is deleted at exit

open_workspace() {
    [[ -z $WORKSPACE ]] || return 0
    remove_orphaned_workspaces
    WORKSPACE=$(mktemp -d "$WORKSPACES.$$.XXXXXX")
    chmod 755 "$WORKSPACE"
}

# --- processes ------------------------------------------------------------------------------------------------------

declare -A SERVER_PID SERVER_SIGNAL

# spawn NAME SIGNAL [setpriv options] COMMAND…: starts a server in a session of its own (Ctrl-C in a terminal reaches
# only the testbed), with a log file for its output. SIGNAL stops it; the kernel also sends it if the testbed is killed.
# The server does not inherit the testbed's descriptors (facts, stdin, lock).
spawn() {
    local name=$1 signal=$2
    setsid setpriv --pdeathsig "$signal" "${@:3}" >"$WORKSPACE/$name.log" 2>&1 3>&- 4<&- 9>&- &
    SERVER_PID[$name]=$! SERVER_SIGNAL[$name]=$signal
}

# stop NAME [SIGNAL]
stop() {
    kill -"${2:-${SERVER_SIGNAL[$1]}}" -- -"${SERVER_PID[$1]}" 2>/dev/null || true
    wait "${SERVER_PID[$1]}" 2>/dev/null || true
    unset "SERVER_PID[$1]"
}

show_log() { tail -n 40 "$WORKSPACE/$1.log" | sed "s/^/  $1: /" >&2; }

clean_up() {
    local name
    for name in "${!SERVER_PID[@]}"; do stop "$name"; done
    [[ -z $WORKSPACE ]] || rm -rf "$WORKSPACE"
}

trap clean_up EXIT
trap 'exit 143' HUP INT TERM
trap 'exit 141' PIPE # the reader of the facts is gone

# --- ports ----------------------------------------------------------------------------------------------------------

is_listening() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port below the range of outgoing connections.
free_port() {
    local port
    while port=$((20000 + SRANDOM % 12000)) && is_listening "$port"; do :; done
    echo "$port"
}
