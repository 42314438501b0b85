# The document of the interface and the pages, checked by others: a validator, linters, a browser.
#
# In:   a file or a URL.
# Out:  `stand validate FILE`: the verdict, and 0 when FILE is an OpenAPI document of the version it names.
#       `stand lint FILE`: what Redocly (recommended) and Spectral (spectral:oas) find, and 0 when they find nothing.
#       `stand browse URL`: on stdout the page as it stands when its scripts have run.

install_validator() {
    ensure_packages python3-venv
    cached validator make_validator "$(<"$STAND/validator-requirements.txt")"
}

make_validator() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/validator-requirements.txt"
}

# It quotes whole schemas in one line.
validate() { "$CACHE/validator/bin/openapi-spec-validator" --validation-errors all "$1" | cut -c 1-300; }

install_linters() {
    ensure_command node nodejs
    ensure_command npm npm
    cached linters make_linters "$(<"$STAND/linter-packages.txt")"
}

make_linters() {
    local packages
    mapfile -t packages <"$STAND/linter-packages.txt"
    quietly npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --save-exact "${packages[@]}"
}

# Rules that are off are off with a reason, in the files beside the document.
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

# The profile goes with the workspace; of its log only what the page itself says is of interest.
browse() {
    open_workspace
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking \
        --no-first-run --user-data-dir="$WORKSPACE/browser" --enable-logging=stderr --virtual-time-budget=10000 \
        --dump-dom "$1" >&3 2>"$WORKSPACE/browser.log" || { show_log browser && fail "the browser failed"; }
    grep -F CONSOLE "$WORKSPACE/browser.log" || true
}
