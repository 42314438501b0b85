# `testbed demo`: the gateway in front of Odoo 19 with demo data, and curl lines to try it.
#
# In:   $PORT (default 8080); $ODOO_URL and $ODOO_DB, to use that Odoo instead of the testbed's (needs no root).
# Out:  the gateway on the loopback interface and its store in ./.data, until Ctrl-C.

demo() {
    local port=${PORT:-8080} credentials=admin:admin busy
    local ops_port=$((port + 1010)) # 9090 for 8080
    for busy in "$port" "$ops_port"; do
        ! is_listening "$busy" || fail "port $busy is in use; choose another one: make demo PORT=… (uses PORT and PORT+1010)"
    done
    if [[ -z ${ODOO_URL:-} ]]; then
        require_root
    elif [[ -z ${ODOO_DB:-} ]]; then
        fail "ODOO_URL requires ODOO_DB: make demo ODOO_URL=… ODOO_DB=…"
    fi
    ensure_command curl curl

    cd "$STAND/../.."
    log "building the gateway"
    cargo build --locked --bin odoo-gateway # unoptimized: it is compiled in a third of the time, and Odoo is slower anyway

    if [[ -n ${ODOO_URL:-} ]]; then
        open_workspace
        credentials=LOGIN:PASSWORD
    else
        log "starting Odoo 19 (the first time takes some minutes)"
        start odoo19
        export ODOO_URL=http://127.0.0.1:${ODOO_PORT[odoo19]} ODOO_DB=odoo19
    fi

    start_gateway "$port" "$ops_port"
    trap 'exit 0' INT # Ctrl-C is the normal end
    print_curl_lines "http://127.0.0.1:$port" "$credentials" >&3
    wait "${SERVER_PID[gateway]}" || true
    show_log gateway
    fail "the gateway has ended"
}

start_gateway() {
    ODOO_GATEWAY__SERVER__LISTEN=127.0.0.1:$1 ODOO_GATEWAY__OPS__LISTEN=127.0.0.1:$2 \
        spawn gateway TERM "${CARGO_TARGET_DIR:-target}/debug/odoo-gateway"
    local tries=0
    until curl --silent --fail --output /dev/null "http://127.0.0.1:$2/readyz"; do
        kill -0 "${SERVER_PID[gateway]}" 2>/dev/null || { show_log gateway && fail "the gateway did not start"; }
        ((++tries != 30)) || log "the gateway waits for $ODOO_URL: $(curl --silent "http://127.0.0.1:$2/readyz")"
        sleep 0.1
    done
}

print_curl_lines() {
    local url=$1 user=$2 api=$1/restapi/1.0
    cat <<-TEXT

		The gateway listens on $url for $ODOO_URL, database $ODOO_DB.
		Documentation:  $url/docs
		Its log:        $WORKSPACE/gateway.log

		# The version of Odoo
		curl $api/common/version

		# Three partners
		curl -u $user -G $api/object/res.partner --data-urlencode "fields=['name','email']" -d limit=3

		# Companies whose name contains "a"
		curl -u $user -G $api/object/res.partner --data-urlencode "fields=['name','city']" \\
		     --data-urlencode "domain=[('is_company','=',True),('name','ilike','a')]"

		# One partner
		curl -u $user -G $api/object/res.partner/1 --data-urlencode "fields=['name','email']"

		# Create a partner, and store its id
		ID=\$(curl -s -u $user -G -X POST $api/object/res.partner \\
		     --data-urlencode "vals={'name':'Ada Lovelace','email':'ada@example.com'}" |
		     grep -o '"id": *[0-9]*' | grep -o '[0-9]*' | head -n 1); echo \$ID

		# Update it
		curl -u $user -G -X PUT $api/object/res.partner/\$ID --data-urlencode "vals={'city':'London'}"

		# Delete it
		curl -u $user -X DELETE $api/object/res.partner/\$ID

		Press Ctrl-C to stop.
	TEXT
}
