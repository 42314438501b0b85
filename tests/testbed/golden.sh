# The golden data: a PostgreSQL cluster with a prepared database for each Odoo, and their data folders. Runs copy it.
#
# In:   the installed servers, seed.py.
# Out:  $CACHE/golden/{postgres,odoo19,odoo14}, each with its recipe; a copy in $WORKSPACE/data.

GOLDEN=$CACHE/golden

# Copies the golden data for this process.
fill_workspace() {
    open_workspace
    rm -rf "$WORKSPACE/data"
    cp -a --reflink=auto "$GOLDEN" "$WORKSPACE/data"
}

# Makes this workspace's data the golden data. If the copy is killed, the old data stays; a run never sees partial data.
publish_workspace() {
    rm -rf "$GOLDEN.next" "$GOLDEN.previous"
    cp -a "$WORKSPACE/data" "$GOLDEN.next"
    [[ ! -d $GOLDEN ]] || mv "$GOLDEN" "$GOLDEN.previous"
    mv "$GOLDEN.next" "$GOLDEN"
    rm -rf "$GOLDEN.previous"
}

prepare_cluster() {
    local recipe
    recipe=$(recipe_of init_cluster "$POSTGRES_BIN")
    is_made_by "$GOLDEN/postgres" "$recipe" && return
    log "making an empty PostgreSQL cluster"
    open_workspace
    rm -rf "$WORKSPACE/data"
    mkdir "$WORKSPACE/data"
    init_cluster "$WORKSPACE/data/postgres"
    start_postgres
    sql postgres <<<'CREATE ROLE odoo LOGIN CREATEDB'
    stop postgres INT
    echo "$recipe" >"$WORKSPACE/data/postgres.recipe"
    publish_workspace
}

# prepare_database odoo19: the database odoo19_template, with demo data, French and the users of seed.py.
prepare_database() {
    local odoo=$1 database=$1_template recipe
    local -n init_options=$1_init_options
    recipe=$(recipe_of prepare_database "$(cat "$CACHE/$odoo"/*.recipe)" "${init_options[*]}" "$(<"$STAND/seed.py")")
    is_made_by "$GOLDEN/$odoo" "$recipe" && return
    log "making the database of $odoo"
    fill_workspace
    rm -rf "$WORKSPACE/data/$odoo" "$WORKSPACE/data/$odoo.recipe"
    start_postgres
    sql postgres <<<"DROP DATABASE IF EXISTS $database"

    write_odoo_config "$odoo" "$(free_port)"
    run_odoo "$odoo" --database="$database" --stop-after-init \
        --init=sale_management,account,contacts "${init_options[@]}"
    # In a separate run, because Odoo 14 cannot load a language while it creates the database.
    run_odoo "$odoo" --database="$database" --load-language=fr_FR --stop-after-init
    run_odoo "$odoo" shell --database="$database" --no-http <"$STAND/seed.py"

    sql "$database" <<<'VACUUM ANALYZE'
    stop postgres INT
    echo "$recipe" >"$WORKSPACE/data/$odoo.recipe"
    publish_workspace
}
