# PostgreSQL: the machine's server package, and a temporary cluster.
#
# In:   a cluster's folder, $WORKSPACE/data/postgres.
# Out:  $POSTGRES_PORT, $POSTGRES_URL; `sql` to execute statements. `testbed restartable-postgres`: an empty server that
#       the lines `stop` and `start` on stdin stop and start; DONE confirms each.

install_postgres() {
    require_root
    if ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
        # By default the package creates and starts a cluster.
        ensure_packages postgresql-common
        local settings=/etc/postgresql-common/createcluster.conf
        echo 'create_main_cluster = false # odoo-gateway' >>"$settings"
        ensure_packages postgresql
        sed -i '/# odoo-gateway$/d' "$settings"
    fi
    POSTGRES_BIN=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1)")
    prepare_cluster
}

# The server refuses to run as root.
AS_POSTGRES=(--reuid=postgres --regid=postgres --init-groups)

# Durability is disabled, because the data is deleted after the run.
init_cluster() {
    local folder=$1
    install -d -o postgres -g postgres "$folder"
    setpriv "${AS_POSTGRES[@]}" "$POSTGRES_BIN/initdb" --pgdata="$folder" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
    cat >>"$folder/postgresql.conf" <<-SETTINGS
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		max_connections = 200
		shared_buffers = 256MB
		fsync = off
		full_page_writes = off
		synchronous_commit = off
		wal_level = minimal
		max_wal_senders = 0
		min_wal_size = 32MB
		wal_recycle = off
		autovacuum = off
		jit = off
	SETTINGS
}

# start_postgres [PORT]
start_postgres() {
    POSTGRES_PORT=${1:-$(free_port)}
    POSTGRES_URL=postgres://postgres:postgres@127.0.0.1:$POSTGRES_PORT/postgres
    spawn postgres QUIT "${AS_POSTGRES[@]}" "$POSTGRES_BIN/postgres" -D "$WORKSPACE/data/postgres" -p "$POSTGRES_PORT"
    until "$POSTGRES_BIN/pg_isready" --quiet --host=127.0.0.1 --port="$POSTGRES_PORT"; do
        kill -0 "${SERVER_PID[postgres]}" 2>/dev/null || { show_log postgres && fail "PostgreSQL did not start"; }
        sleep 0.05
    done
}

# sql DATABASE: runs the statements on stdin as superuser.
sql() {
    PGOPTIONS='--client-min-messages=warning' "$POSTGRES_BIN/psql" --host=127.0.0.1 --port="$POSTGRES_PORT" \
        --username=postgres --dbname="$1" --no-psqlrc --quiet --set=ON_ERROR_STOP=1
}

restartable-postgres() {
    local line folder
    open_workspace
    folder=$WORKSPACE/data/postgres
    mkdir -p "$WORKSPACE/data"
    init_cluster "$folder"
    # What was committed survives the end of the server, as in production.
    echo "synchronous_commit = on" >>"$folder/postgresql.conf"
    start_postgres
    echo "POSTGRES_URL=$POSTGRES_URL" >&3
    while read -r -u 4 line; do
        case $line in
            stop) stop postgres ;;
            start) start_postgres "$POSTGRES_PORT" ;;
            *) fail "unknown command: $line" ;;
        esac
        echo DONE >&3
    done
}
