# The reverse proxies of deploy/: nginx and Caddy with TLS in front of a gateway.
#
# In:   `testbed proxy nginx|caddy FOLDER GATEWAY_PORT[,GATEWAY_PORT] HTTP_PORT HTTPS_PORT`.
# Out:  FOLDER/certificate.pem, which the proxy uses for api.example.com; READY once it answers; it ends with stdin.

install_proxies() {
    require_root
    ensure_packages openssl
    ensure_command curl curl
    command -v nginx >/dev/null || without_services ensure_packages nginx-light
    command -v caddy >/dev/null || without_services ensure_packages caddy
}

# The example, with the ports and the certificate of this run instead of its own. More gateways are more servers of the
# upstream in nginx, and more addresses in Caddy.
proxy_configuration() {
    local port servers= addresses=
    for port in ${gateways//,/ }; do
        servers+="server 127.0.0.1:$port\\1 "
        addresses+="127.0.0.1:$port "
    done
    sed --regexp-extended "
        s|^    server 127\.0\.0\.1:8080( [^;]*;)|$servers|
        s|127\.0\.0\.1:8080|${addresses% }|
        s|listen 80;|listen 127.0.0.1:$http;|
        s|listen 443 ssl|listen 127.0.0.1:$https ssl|
        s|/etc/ssl/certs/api.example.com.pem|$folder/certificate.pem|
        s|/etc/ssl/private/api.example.com.key|$folder/certificate.key|" "$STAND/../../deploy/$1"
}

proxy() {
    local kind=$1 folder=$2 gateways=$3 http=$4 https=$5
    open_workspace
    quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=api.example.com \
        -addext subjectAltName=DNS:api.example.com -addext basicConstraints=critical,CA:FALSE -keyout "$folder/certificate.key" -out "$folder/certificate.pem"
    case $kind in
        nginx)
            printf 'daemon off; user root; pid %s/nginx.pid; error_log stderr; events {} http { access_log off; include %s/site.conf; }' \
                "$folder" "$folder" >"$folder/nginx.conf"
            proxy_configuration nginx.conf >"$folder/site.conf"
            quietly nginx -t -c "$folder/nginx.conf"
            spawn proxy QUIT nginx -c "$folder/nginx.conf"
            ;;
        caddy)
            # On the loopback interface only, without a listener for administration and without HTTP/3.
            {
                printf '{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\thttp_port %s\n\thttps_port %s\n' "$http" "$https"
                printf '\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n'
                proxy_configuration Caddyfile
            } >"$folder/Caddyfile"
            quietly env "HOME=$folder" caddy validate --adapter caddyfile --config "$folder/Caddyfile"
            spawn proxy TERM env "HOME=$folder" caddy run --adapter caddyfile --config "$folder/Caddyfile"
            ;;
        *) fail "unknown proxy: $kind" ;;
    esac
    until curl --silent --insecure --output /dev/null --resolve "api.example.com:$https:127.0.0.1" "https://api.example.com:$https/"; do
        kill -0 "${SERVER_PID[proxy]}" 2>/dev/null || { show_log proxy && fail "the proxy did not start"; }
        sleep 0.05
    done
    echo READY >&3
    while read -r -u 4; do :; done
}
