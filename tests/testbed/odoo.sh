# Runs an Odoo of any version: its configuration, its server, and its facts for the tests.
#
# In:   odoo19, odoo20 or odoo14, with that version's command; the running PostgreSQL.
# Out:  a server on a free port of the loopback interface; its facts as KEY=VALUE lines.

declare -A ODOO_PORT

write_odoo_config() {
    local odoo=$1 port=$2
    mkdir -p "$WORKSPACE/data/$odoo"
    cat >"$WORKSPACE/$odoo.conf" <<-SETTINGS
		[options]
		db_host = 127.0.0.1
		db_port = $POSTGRES_PORT
		db_user = odoo
		http_interface = 127.0.0.1
		http_port = $port
		data_dir = $WORKSPACE/data/$odoo
		admin_passwd = admin
		list_db = True
		workers = 0
		max_cron_threads = 0
		log_handler = :INFO,odoo.addons.rpc.controllers.xmlrpc:ERROR
	SETTINGS
}

# run_odoo odoo19 [SUBCOMMAND] OPTIONS…: runs Odoo for one task, to its end.
run_odoo() {
    local odoo=$1 subcommand=()
    local -n command=$1_command
    shift
    [[ $1 == -* ]] || { subcommand=("$1") && shift; }
    "${command[@]}" "${subcommand[@]}" --config="$WORKSPACE/$odoo.conf" "$@" >"$WORKSPACE/$odoo.log" 2>&1 ||
        { show_log "$odoo" && fail "$odoo ${subcommand[*]} $* failed"; }
}

# Serves a copy of the template database. The template also contains the server's address (for reports and links), and
# then allows no more connections, so that it stays unchanged and can be copied at any time.
start_odoo() {
    local odoo=$1 filestore=$WORKSPACE/data/$1/filestore
    local -n command=$1_command
    [[ $odoo != odoo20 ]] || copy_database_of_odoo19
    ODOO_PORT[$odoo]=$(free_port)
    sql "${odoo}_template" <<-SQL
		UPDATE ir_config_parameter SET value = 'http://127.0.0.1:${ODOO_PORT[$odoo]}' WHERE key = 'web.base.url';
	SQL
    sql postgres <<-SQL
		ALTER DATABASE ${odoo}_template ALLOW_CONNECTIONS false;
		CREATE DATABASE $odoo TEMPLATE ${odoo}_template OWNER odoo STRATEGY file_copy;
	SQL
    cp -a --reflink=auto "$filestore/${odoo}_template" "$filestore/$odoo"

    write_odoo_config "$odoo" "${ODOO_PORT[$odoo]}"
    spawn "$odoo" KILL "${command[@]}" --config="$WORKSPACE/$odoo.conf"
}

await_odoo() {
    local odoo=$1
    /usr/bin/python3 "$STAND/await_odoo.py" "http://127.0.0.1:${ODOO_PORT[$odoo]}" "$odoo" "${SERVER_PID[$odoo]}" ||
        { show_log "$odoo" && fail "$odoo did not start"; }
}

odoo_facts() {
    local odoo=$1 data=$WORKSPACE/data/$1 prefix=${1^^}
    echo "${prefix}_URL=http://127.0.0.1:${ODOO_PORT[$odoo]}"
    echo "${prefix}_DB=$odoo"
    echo "${prefix}_TEMPLATE=${odoo}_template"
    echo "${prefix}_FILESTORE=$data/filestore"
    echo "${prefix}_APIKEY=$(<"$data/internal.apikey")"
}
