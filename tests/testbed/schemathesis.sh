# Schemathesis: sends generated requests to a gateway and compares the responses with the OpenAPI document.
#
# In:   `testbed schemathesis URL DATABASE API_KEY [SECONDS]`: the URL of a gateway, the Odoo database in front of which
#       it is, an API key of the gateway. Without SECONDS, seed and number of requests are fixed.
# Out:  the reports on stdout, and status 0 if every response has a status, media type, headers and body that the
#       document describes, and none is a 500.
#
# schemathesis_hooks.py defines what the requests may do.

install_schemathesis() { install_python_packages schemathesis; }

CONFORMANCE=not_a_server_error,status_code_conformance,content_type_conformance
CONFORMANCE+=,response_headers_conformance,response_schema_conformance

# The tags that share a process. Threads are not an option: Python 3.11 cannot always parse code in two of them.
TAG_GROUPS=(api_v1 restapi "api restful rest oauth oauth2" "json2 rpc")

schemathesis() {
    local extent=(--phases examples,coverage,fuzzing --max-examples 4 --seed 1 --no-shrink)
    [[ -z ${4:-} ]] || extent=(--phases examples,coverage,fuzzing,stateful --max-time "$4" --seed "$RANDOM")
    export GATEWAY_URL=$1 DATABASE=$2 API_KEY=$3
    open_workspace
    local group run runs=() failed=0
    for group in "${TAG_GROUPS[@]}"; do
        test_tags "$group" "${extent[@]}" &
        runs+=($!)
    done
    for run in "${runs[@]}"; do wait "$run" || failed=1; done
    cat "$WORKSPACE"/schemathesis-*/report >&3
    return "$failed"
}

# test_tags TAGS OPTION…: the folder is empty, so neither a configuration nor results of an earlier run change the
# requests.
test_tags() {
    local tag selected=() folder=$WORKSPACE/schemathesis-${1%% *}
    for tag in $1; do selected+=(--include-tag "$tag"); done
    shift
    mkdir "$folder"
    cd "$folder"
    SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONPATH=$STAND PYTHONDONTWRITEBYTECODE=1 \
        "$CACHE/schemathesis/bin/schemathesis" --no-color run "$GATEWAY_URL/openapi.json" "${selected[@]}" \
        --checks "$CONFORMANCE" --continue-on-failure --warnings off --request-timeout 300 "$@" \
        >report 2>&1
}
