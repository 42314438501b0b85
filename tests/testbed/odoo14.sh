# Odoo 14: Debian's package, in a chroot with the Debian release that it was made for.
#
# In:   the machine's mirror (suite bullseye).
# Out:  $CACHE/odoo14/root; $odoo14_command, the start of a command line; $odoo14_init_options.

odoo14_root=$CACHE/odoo14/root

# "${chroot_into[@]}" COMMAND…: /proc and the real workspaces are mounted in a mount namespace of the command. So
# parallel runs are independent, and the mounts end with the command and are invisible to other processes: deleting the
# chroot cannot affect them.
CHROOT_INTO='
    mount -t proc proc "$0/proc" && mount --bind "$1" "$0$1" && shift &&
    exec chroot "$0" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"'
chroot_into=(unshare --mount bash -c "$CHROOT_INTO" "$odoo14_root" "$WORKSPACE_PARENT")

odoo14_command=("${chroot_into[@]}" /usr/bin/odoo)
odoo14_init_options=()

install_odoo14() {
    ensure_packages debootstrap
    cached odoo14/root make_odoo14_root
}

make_odoo14_root() {
    local root=$1 mirror
    mirror=$(debian_mirror)
    quietly debootstrap --variant=minbase bullseye "$root" "$mirror"
    echo "deb $mirror bullseye main" >"$root/etc/apt/sources.list"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    install -m 755 /dev/stdin "$root/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101' # starts no service
    quietly "${chroot_into[@]}" apt-get update
    quietly "${chroot_into[@]}" apt-get install --yes --no-install-recommends odoo-14 wkhtmltopdf
    quietly "${chroot_into[@]}" apt-get clean
}
