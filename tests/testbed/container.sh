# The container image as a container: what its configuration says, and how it runs in front of an Odoo.
#
# In:   the image $IMAGE_TAG (image.sh); docker-compose.yml, whose settings of the gateway are used.
# Out:  the facts that hold, on stderr; the first one that does not hold ends the testbed.

# image_config EXPRESSION: evaluates a Python expression of the image's config `c`.
image_config() {
    "${image_buildah[@]}" inspect --type image "$IMAGE_TAG" |
        /usr/bin/python3 -c "import json, sys; c = json.load(sys.stdin)['Docker']['config']; $1"
}

# Copies the image's file system, adds what every container runtime adds, and creates the volumes, with owner and mode
# from the image as Docker does.
open_image() {
    local container volume
    image_root=$WORKSPACE/root
    container=$("${image_buildah[@]}" from "$IMAGE_TAG")
    cp -a "$("${image_buildah[@]}" mount "$container")" "$image_root"
    image_size=$(tar --create --directory="$image_root" . | gzip | wc --bytes)
    "${image_buildah[@]}" umount "$container" >/dev/null
    "${image_buildah[@]}" rm "$container" >/dev/null
    mapfile -t image_env < <(image_config 'print(*c["Env"], sep="\n")')
    mapfile -t image_volumes < <(image_config 'print(*c["Volumes"], sep="\n")')
    mapfile -t image_command < <(image_config 'print(*c["Entrypoint"], sep="\n")')
    image_user=$(image_config 'print(c["User"])')
    image_folder=$(image_config 'print(c["WorkingDir"])')
    mkdir -p "$image_root"/{proc,dev,run/secrets} "$WORKSPACE/volumes" "$WORKSPACE/secrets"
    printf '127.0.0.1 localhost odoo\n' >"$image_root/etc/hosts"
    for volume in "${image_volumes[@]}"; do cp -a "$image_root$volume" "$WORKSPACE/volumes$volume"; done
}

# Runs a command as in a container: the image's root, read-only; its volumes; the secrets, read-only; no capabilities and
# no way to get one; only the image's environment and the given variables. The network is the machine's. The mounts are in
# a namespace that ends with the command. Nothing in the image but the command is run.
CONTAINER_INTO='
    root=$1 volumes=$2 secrets=$3 locked=$4 user=$5 folder=$6 && shift 6 &&
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
    mount --bind "$secrets" "$root/run/secrets" && mount -o remount,bind,ro "$root/run/secrets" || exit
    for volume in "$volumes"/*; do
        mount --bind "$volume" "$root/${volume##*/}" || exit
        [[ "/${volume##*/}" != "$locked" ]] || mount -o remount,bind,ro "$root/${volume##*/}" || exit
    done
    variables=()
    while [[ $1 != -- ]]; do variables+=("$1") && shift; done
    exec env --ignore-environment "${variables[@]}" /usr/bin/setpriv --no-new-privs --inh-caps=-all \
        --bounding-set=-all,+dac_read_search,+sys_chroot,+setgid,+setuid \
        /usr/bin/unshare --root="$root" --wd="$folder" --setgid="${user#*:}" --setuid="${user%:*}" "${@:2}"'

# container_command SETTING… -- ARGUMENT…: sets $container to the image's command with these settings and arguments. The
# volume $container_locked is read-only.
container_locked=
container_command() {
    local settings=()
    while [[ $1 != -- ]]; do settings+=("$1") && shift; done
    container=(unshare --mount bash -c "$CONTAINER_INTO" container "$image_root" "$WORKSPACE/volumes" "$WORKSPACE/secrets"
        "$container_locked" "$image_user" "$image_folder" "${image_env[@]}" "${settings[@]}" -- "${image_command[@]}" "${@:2}")
}

# --- docker-compose.yml -----------------------------------------------------------------------------------------------

# compose_service PROGRAM: runs a Python program with the service `gateway` as `s`, as docker-compose understands it.
compose_service() {
    docker-compose --file "$STAND/../../docker-compose.yml" config |
        /usr/bin/python3 -c "import json, sys, yaml; s = yaml.safe_load(sys.stdin)['services']['gateway']; $1"
}

verify_compose() {
    verify "docker-compose.yml uses the image as it is meant" compose_service '
assert s["read_only"] and s["cap_drop"] == ["ALL"] and s["security_opt"] == ["no-new-privileges:true"], s
assert s["ports"] == ["127.0.0.1:8080:8080/tcp"] or s["ports"] == ["127.0.0.1:8080:8080"], s["ports"]
assert s["depends_on"] == {"odoo": {"condition": "service_healthy"}}, s["depends_on"]
assert s["stop_grace_period"] == "40s", s'
    local compose image
    compose=$(compose_service 'print(sorted(v.split(":")[1] for v in s["volumes"]), s["healthcheck"]["test"])')
    image=$(image_config 'print(sorted(c["Volumes"]), c["Healthcheck"]["Test"])')
    verify "docker-compose.yml has the volumes and the health check of the image" test "$compose" = "$image"
}

# --- the test -------------------------------------------------------------------------------------------------------

# verify FACT COMMAND…: fails with the command's output if the command fails.
verify() {
    local fact=$1 found
    found=$("${@:2}" 2>&1) || { [[ ! -v SERVER_PID[gateway] ]] || show_log gateway && fail "FAILED: $fact: $found"; }
    log "ok: $fact"
}

# response STATUS PATTERN [curl option…]: checks that the response has this status, and that head or body matches.
response() {
    local found
    found=$(curl --silent --include "${@:3}") || true
    [[ $found == HTTP/1.1\ $1\ * && $found =~ $2 ]] || { echo "$found" && return 1; }
}

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

verify_image_config() {
    local version
    version=$(sed -n '0,/^version = "\(.*\)"$/s//\1/p' "$STAND/../../Cargo.toml")
    verify "the image has a health check, a user and the port for probes" image_config '
assert c["Healthcheck"]["Test"] == ["CMD", "odoo-gateway", "health"], c
assert c["User"] == "10001:10001" and set(c["Volumes"]) == {"/data", "/keys"}, c
assert "ODOO_GATEWAY__OPS__LISTEN=0.0.0.0:9090" in c["Env"] and "9090/tcp" in c["ExposedPorts"], c'
    verify "the labels say what it is" image_config '
l = {k.removeprefix("org.opencontainers.image."): v for k, v in c["Labels"].items()}
assert l["title"] == "odoo-gateway" and l["licenses"] == "Apache-2.0" and l["revision"] and l["description"], l
assert l["version"] == "'"$version"'", l'
    verify "it has less than 60 MB, compressed ($((image_size / 1000000)) MB)" test "$image_size" -lt 60000000
    verify "the gateway is its only program" test "$(cd "$image_root" && find . -type f -perm /111 -not -name '*.so*')" \
        = ./usr/local/bin/odoo-gateway
    verify "packages are named for scanners" grep --quiet '^Version: ' "$image_root"/var/lib/dpkg/status.d/{libc6,libgcc-s1}
}

# verify_process: the user, the capabilities and the locks of the process that serves.
verify_process() {
    local status
    status=$(</proc/"${SERVER_PID[gateway]}"/status)
    [[ $status =~ Uid:$'\t'10001$'\t'10001 && $status =~ CapEff:$'\t'0+$'\n' && $status =~ NoNewPrivs:$'\t'1 ]] ||
        { echo "$status" && return 1; }
}

# test_image ODOO_PORT DATABASE
test_image() {
    local api key token created partners api_port ops_port
    api_port=$(free_port) ops_port=$(free_port)
    api=http://127.0.0.1:$api_port image_ops=http://127.0.0.1:$ops_port partners=$api/restapi/1.0/object/res.partner
    verify_image_config
    verify_compose
    # The settings of docker-compose.yml, but the ports and the database of this Odoo.
    mapfile -t image_settings < <(compose_service 'print(*(f"{k}={v}" for k, v in s["environment"].items()), sep="\n")' |
        sed "s/^ODOO_URL=http:\/\/odoo:8069$/ODOO_URL=http:\/\/odoo:$1/; s/^ODOO_DB=odoo$/ODOO_DB=$2/")
    image_settings+=("ODOO_GATEWAY__SERVER__LISTEN=127.0.0.1:$api_port" "ODOO_GATEWAY__OPS__LISTEN=127.0.0.1:$ops_port")

    verify "check succeeds and creates nothing" in_container check
    verify "both volumes are empty before the first start" test -z "$(find "$WORKSPACE/volumes" -type f)"
    verify "the health check fails without a gateway" eval '! in_container health'

    serve_image
    verify "the process has no rights" verify_process
    verify "the health check succeeds" in_container health
    verify "it is ready " response 200 '"ready":true' "$image_ops/readyz"
    key=$(in_container key create --name shop --login admin <<<admin) || fail "FAILED: key create prints a key"
    verify "key create prints a key" test -n "$key"
    verify "the master key is on its own volume, accessible only to the gateway" \
        test "$(stat --format='%u %a' "$WORKSPACE/volumes/keys/master.key")" = "10001 600"
    verify "the volume of the store contains no key" test -z "$(find "$WORKSPACE/volumes/data" -name '*key*')"
    verify "the key works " response 200 '[0-9]' -H "api-key: $key" "$partners/search_count"
    token=$(curl --silent --data-urlencode login=admin --data-urlencode password=admin -d "db=$2" \
        "$api/rest/api/login/token" | grep -o '"access_token": *"[^"]*"' | cut -d '"' -f 4)
    verify "a login token works " response 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    created=(-H "api-key: $key" -H "Idempotency-Key: one" --json "{\"vals\": {\"name\": \"Made once by $$\"}}" "$partners")
    verify "a write with an idempotency key succeeds " response 200 'Made once|"id"' "${created[@]}"
    verify "the same write is replayed " response 200 '[Ii]dempotency-[Rr]eplayed: true' "${created[@]}"
    verify "it was executed once " response 200 '[^0-9]1[^0-9]*$' -H "api-key: $key" -G \
        --data-urlencode "domain=[('name','=','Made once by $$')]" "$partners/search_count"
    verify "metrics are available " response 200 "odoo_gateway_odoo_up.database=\"$2\". 1" "$image_ops/metrics"
    stop gateway

    serve_image
    verify "key and token still work after a restart " response 200 '[0-9]' -H "access-token: $token" "$partners/search_count"
    stop gateway
    test_keys
}

# Where the master key is, other than on a volume that the gateway can write to.
test_keys() {
    mv "$WORKSPACE/volumes/keys/master.key" "$WORKSPACE/secrets/odoo-gateway.master-key"
    chown root:root "$WORKSPACE/secrets/odoo-gateway.master-key"
    chmod 444 "$WORKSPACE/secrets/odoo-gateway.master-key"
    image_settings+=(CREDENTIALS_DIRECTORY=/run/secrets)
    serve_image
    verify "the key works with the master key as a secret file " response 200 '[0-9]' -H "api-key: $key" "$partners/search_count"
    verify "and no other master key was created" test ! -e "$WORKSPACE/volumes/keys/master.key"
    stop gateway

    unset "image_settings[-1]"
    rm -f "$WORKSPACE"/volumes/keys/* && rm -rf "$WORKSPACE/volumes/data/.data"
    container_locked=/keys
    serve_image
    verify "the gateway is not ready with a read-only key volume" response 503 'master key.*read-only' "$image_ops/readyz"
    verify "and returns an error code of its own" response 503 master_key_unavailable -u admin:admin \
        -H "Idempotency-Key: two" --json '{"vals": {"name": "Never made"}}' "$partners"
    verify "check fails, too" eval '! in_container check'
    stop gateway
}
