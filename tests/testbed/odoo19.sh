# Odoo 19: Debian's package, unpacked outside of the machine's own packages, in a Python environment of its own.
#
# In:   the machine's mirror (suite sid), odoo19-requirements.txt.
# Out:  $CACHE/odoo19/{tree,venv}; $odoo19_command, the start of a command line; $odoo19_init_options.

odoo19_tree=$CACHE/odoo19/tree
odoo19_command=(
    env PYTHONPATH="$odoo19_tree/usr/lib/python3/dist-packages"
    "$CACHE/odoo19/venv/bin/python" "$odoo19_tree/usr/bin/odoo"
)
odoo19_init_options=(--with-demo)

# Odoo's web pages and reports use the files of these other packages.
ODOO19_PACKAGES=(
    odoo-19
    libjs-jquery libjs-jquery-form libjs-underscore
    fonts-font-awesome fonts-inconsolata fonts-montserrat fonts-ocr-b fonts-roboto-unhinted fonts-glyphicons-halflings
)

install_odoo19() {
    ensure_packages python3-venv wkhtmltopdf
    cached odoo19/tree unpack_odoo19 "${ODOO19_PACKAGES[@]}"
    cached odoo19/venv make_odoo19_venv "$(<"$STAND/odoo19-requirements.txt")"
}

# With separate apt settings, because the package is for another Debian release than the machine's.
unpack_odoo19() {
    local tree=$1 apt=$1.apt mirror deb
    mirror=$(debian_mirror)
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,debs}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
    local apt_get=(
        apt-get -qq -o APT::Sandbox::User=root
        -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
    )
    quietly "${apt_get[@]}" update
    (cd "$apt/debs" && quietly "${apt_get[@]}" download "${ODOO19_PACKAGES[@]}")
    for deb in "$apt"/debs/*.deb; do dpkg -x "$deb" "$tree"; done
    rm -rf "$apt"
}

# The machine's Python: the pinned versions are known to work with it.
make_odoo19_venv() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/odoo19-requirements.txt"
}
