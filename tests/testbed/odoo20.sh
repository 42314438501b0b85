# The stand-in for Odoo 20: Odoo 19 with the patches in odoo20/, on a copy of the database of Odoo 19.
#
# In:   the installed Odoo 19 and its prepared database; odoo20/.
# Out:  $odoo20_command, the start of a command line; `copy_database_of_odoo19`.

odoo20_command=(
    env PYTHONDONTWRITEBYTECODE=1 "${odoo19_command[@]}" --load=base,rpc,web,odoo20 --addons-path="$STAND"
)

# An upgrade to Odoo 20 gives keys without a scope the scope of RPC.
copy_database_of_odoo19() {
    local from=$WORKSPACE/data/odoo19 to=$WORKSPACE/data/odoo20
    sql postgres <<<'CREATE DATABASE odoo20_template TEMPLATE odoo19_template OWNER odoo STRATEGY file_copy'
    sql odoo20_template <<<"UPDATE res_users_apikeys SET scope = 'rpc' WHERE scope IS NULL"
    mkdir -p "$to/filestore"
    cp -a --reflink=auto "$from/filestore/odoo19_template" "$to/filestore/odoo20_template"
    cp "$from/internal.apikey" "$to/internal.apikey"
}
