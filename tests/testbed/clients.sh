# Client generators and converters, unmodified, and programs that use generated clients.
#
# In:   OpenAPI documents as files, a folder for the generated code, facts as JSON.
# Out:  `testbed generate FILE FOLDER`: FOLDER/schema.mts (openapi-typescript), FOLDER/generated (openapi-python-client)
#       and FOLDER/models.py (datamodel-code-generator). Status 0 if no generator warns, and if neither TypeScript nor
#       mypy finds an error in strict mode.
#       `testbed client FOLDER FACTS`: checks the types of generated_client.py and generated_client.mts against the code
#       in FOLDER, and runs both. Each prints a line of JSON.
#       `testbed compare-versions 3.1 3.0 2.0`: compares the three documents with those of other converters; see
#       compare_versions.mjs.

install_clients() {
    install_node_packages client-node
    install_python_packages client-python
}

check_typescript() {
    "$CACHE/client-node/node_modules/.bin/tsc" --strict --target es2022 --module nodenext "$@" >&3
}

check_python() {
    (cd "$1" && "$CACHE/client-python/bin/mypy" --config-file "$STAND/mypy.ini" --no-error-summary "${@:2}") >&3
}

generate() {
    local file=$1 folder=$2 python=$CACHE/client-python/bin
    # The generators leave the style to a formatter; types do not need one.
    echo 'post_hooks: []' >"$folder/generator.yaml"
    "$CACHE/client-node/node_modules/.bin/openapi-typescript" "$file" --output "$folder/schema.mts"
    check_typescript --noEmit "$folder/schema.mts"
    "$python/openapi-python-client" generate --path "$file" --output-path "$folder/generated" --meta none \
        --config "$folder/generator.yaml" --fail-on-warning >&3
    "$python/datamodel-codegen" --input "$file" --input-file-type openapi --output "$folder/models.py" \
        --output-model-type pydantic_v2.BaseModel --target-python-version 3.11 --use-annotated --formatters builtin >&3
    check_python "$folder" generated models.py
}

client() {
    local folder=$1
    cp "$STAND"/generated_client.{py,mts} "$folder"
    check_python "$folder" generated_client.py
    "$CACHE/client-python/bin/python" "$folder/generated_client.py" "$2" >&3
    ln -s "$CACHE/client-node/node_modules" "$folder/node_modules"
    check_typescript "$folder/generated_client.mts"
    node "$folder/generated_client.mjs" "$2" >&3
}

compare-versions() { MODULES=$CACHE/client-node node "$STAND/compare_versions.mjs" "$@" >&3; }
