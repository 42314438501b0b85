# The previous release: the last commit that did not have the newest migration of the store.
#
# In:   the history of this repository.
# Out:  `testbed previous-release`: the path of a debug binary. It is built once, in about ten minutes.

previous-release() {
    local root=$STAND/../.. commit
    commit=$(git -C "$root" log -1 --format=%H -- migrations/postgres)
    commit=$(git -C "$root" rev-parse --verify --quiet "$commit^") || fail "this checkout has no history: fetch it completely"
    lock_cache
    cached previous-release make_previous_release "$commit"
    unlock_cache
    echo "$CACHE/previous-release/odoo-gateway" >&3
}

# make_previous_release FOLDER COMMIT is called by `cached` with the folder only; the commit is part of the recipe.
make_previous_release() {
    local source=$1/source
    mkdir "$source"
    log "building the previous release (takes about ten minutes)"
    git -C "$root" archive "$commit" | tar --extract --directory="$source"
    quietly env "CARGO_TARGET_DIR=$1/target" cargo build --locked --manifest-path "$source/Cargo.toml" --bin odoo-gateway
    mv "$1/target/debug/odoo-gateway" "$1/odoo-gateway"
    rm -rf "$source" "$1/target"
}
