# What the stand asks of the machine: packages, cache, a temp folder, free ports, and processes that never outlive it.
#
# In:   the machine's own apt sources; $XDG_CACHE_HOME.
# Out:  $CACHE (slow things, kept) and $WORKSPACE (this run's things, gone at exit); functions for the other files.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/odoo-gateway

log() { printf 'stand %(%T)T: %s\n' -1 "$*" >&2; }

fail() {
    log "$*"
    exit 1
}

# quietly COMMAND…: for installers, whose chatter matters only when they fail.
quietly() {
    local log_file=$CACHE/installers.log
    mkdir -p "$CACHE"
    "$@" >"$log_file" 2>&1 || { tail -n 40 "$log_file" >&2 && fail "an installer failed; all it said is in $log_file"; }
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
    quietly dpkg --configure -a # heals an earlier, interrupted installation
    quietly apt-get -qq update
    quietly apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}"
}

# ensure_command NAME PACKAGE: whoever brought the command, it will do.
ensure_command() { command -v "$1" >/dev/null || ensure_packages "$2"; }

require_root() { ((EUID == 0)) || fail "Odoo and PostgreSQL are provisioned and run as root only: run this as root"; }

# The mirror this machine uses already, whatever form its sources have.
debian_mirror() {
    local codename
    codename=$(source /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $codename" | sed -n 1p | grep . ||
        fail "no apt source for $codename on this machine"
}

# --- cache ----------------------------------------------------------------------------------------------------------

# Provisioning and copying out of the cache: one stand at a time.
lock_cache() {
    mkdir -p "$CACHE"
    exec 9>"$CACHE/lock"
    flock --nonblock 9 && return
    log "waiting for another stand that uses the cache"
    flock 9
}

unlock_cache() { exec 9>&-; }

# recipe_of FUNCTION INPUT…: a name for how something is made, which changes with the code of the function and with
# the inputs. It lies beside the product, written last: so it tells, too, that the product is complete.
recipe_of() { { declare -f "$1" && printf '%s\n' "${@:2}"; } | sha256sum | cut -d ' ' -f 1; }

is_made_by() { [[ -f $1.recipe && $(<"$1.recipe") == "$2" ]]; }

# cached NAME BUILD INPUT…: sees to it that the folder $CACHE/NAME is as `BUILD folder` makes it. A build that was
# interrupted is cleared away and done again.
cached() {
    local folder=$CACHE/$1 build=$2 recipe
    recipe=$(recipe_of "${@:2}")
    is_made_by "$folder" "$recipe" && return
    log "making $1"
    rm -f "$folder.recipe"
    rm -rf "$folder"
    mkdir -p "$folder"
    "$build" "$folder"
    echo "$recipe" >"$folder.recipe"
}

# --- workspace ------------------------------------------------------------------------------------------------------

# In memory where there is room: copying a database creates a thousand files. Not in $TMPDIR: the user postgres and the
# chroot of Odoo 14 must reach the folder by the same path.
WORKSPACE_PARENT=/tmp
if (($(df --output=avail /dev/shm 2>/dev/null | tail -n 1) + 0 > 4 * 1024 * 1024)); then WORKSPACE_PARENT=/dev/shm; fi
WORKSPACES=$WORKSPACE_PARENT/odoo-gateway-stand

# A stand that was killed could not remove its folder; its process id in the name tells.
remove_orphaned_workspaces() {
    local folder pid
    for folder in "$WORKSPACES".*; do
        pid=${folder#"$WORKSPACES".}
        [[ -d /proc/${pid%%.*} ]] || rm -rf "$folder" 2>/dev/null || true # perhaps another user's
    done
}

WORKSPACE= # whatever a caller's environment means by it is not ours to delete

open_workspace() {
    [[ -z $WORKSPACE ]] || return 0
    remove_orphaned_workspaces
    WORKSPACE=$(mktemp -d "$WORKSPACES.$$.XXXXXX")
    chmod 755 "$WORKSPACE"
}

# --- processes ------------------------------------------------------------------------------------------------------

declare -A SERVER_PID SERVER_SIGNAL

# spawn NAME SIGNAL [setpriv options] COMMAND…: a server in a session of its own (Ctrl-C in a terminal is for the
# stand alone), with a log file for its output. SIGNAL ends it; the kernel sends it, too, when the stand is killed.
# The descriptors of the stand (facts, lifeline, lock) stay with the stand.
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

# Below the range from which the kernel takes ports for outgoing connections.
free_port() {
    local port
    while port=$((20000 + SRANDOM % 12000)) && is_listening "$port"; do :; done
    echo "$port"
}
