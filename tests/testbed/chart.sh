# The Helm chart: linted and rendered by Helm's own library, and validated with the schemas of Kubernetes.
#
# In:   `testbed chart BINARY`: deploy/helm/odoo-gateway; a gateway, which reads the rendered configuration.
# Out:  the facts that hold, on stderr; the first one that does not hold ends the testbed.

install_chart() { install_python_packages chart; }

chart() {
    open_workspace
    "$CACHE/chart/bin/python" "$STAND/chart.py" "$STAND/../../deploy/helm/odoo-gateway" "$1" "$WORKSPACE"
}
