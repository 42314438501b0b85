# Independent checks of the OpenAPI document and of the pages: a validator, linters, a browser.
#
# In:   a file or a URL.
# Out:  `testbed validate FILE`: the errors, and status 0 if FILE is a valid OpenAPI document of the version it names.
#       `testbed lint FILE`: the findings of Redocly (recommended) and Spectral (spectral:oas), and status 0 if there
#       are none.
#       `testbed browse URL`: on stdout the page after its scripts have run.

install_validator() { install_python_packages validator; }

# The validator quotes complete schemas in one line.
validate() { "$CACHE/validator/bin/openapi-spec-validator" --validation-errors all "$1" | cut -c 1-300; }

install_linters() { install_node_packages linters; }

# Disabled rules have a reason, in the files next to the document.
lint() {
    local bin=$CACHE/linters/node_modules/.bin rules
    rules=$(dirname "$1")
    REDOCLY_TELEMETRY=off "$bin/redocly" lint --config "$rules/redocly.yaml" --max-problems 20 --format stylish "$1" >&3 2>&1
    "$bin/spectral" lint --ruleset "$rules/spectral.yaml" --fail-severity hint --quiet "$1" >&3
}

install_browser() {
    ensure_command chromium chromium
    ensure_command chromedriver chromium-driver
}

# The profile is deleted with the workspace. Prints only the page's own console messages from the log.
browse() {
    open_workspace
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking \
        --no-first-run --user-data-dir="$WORKSPACE/browser" --enable-logging=stderr --virtual-time-budget=10000 \
        --dump-dom "$1" >&3 2>"$WORKSPACE/browser.log" || { show_log browser && fail "the browser failed"; }
    grep -F CONSOLE "$WORKSPACE/browser.log" || true
}
