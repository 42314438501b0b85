"""Checks the Helm chart: `chart.py CHART BINARY FOLDER`. Prints each fact that holds; fails at the first that does not."""

import json
import os
import subprocess
import sys
import warnings

import helm_python as helm
import kubernetes_validate
import yaml

CHART, BINARY, FOLDER = sys.argv[1:]
VERSIONS = ("1.25", "1.37")
POSTGRES = {
    "store": {
        "url": "postgres://gateway@db/gateway?sslmode=verify-full",
        "passwordSecret": {"name": "database", "key": "pw"},
    },
    "masterKey": {"secretName": "keys"},
    "config": {"odoo": [{"name": "odoo", "url": "http://odoo:8069", "database": "odoo", "concurrency": 6}]},
}
EVERYTHING = POSTGRES | {
    "autoscaling": {"enabled": True},
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "tlsSecretName": "tls"},
    "networkPolicy": {"operators": [{"namespaceSelector": {}}]},
    "serviceMonitor": {"enabled": True},
    "imagePullSecrets": [{"name": "registry"}],
    "env": [{"name": "RUST_BACKTRACE", "value": "1"}],
    "nodeSelector": {"a": "b"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "podAnnotations": {"a": "b"},
}


def fact(text, holds, found=None):
    if not holds:
        sys.exit(f"FAILED: {text}: {found}")
    print(f"stand: ok: {text}", file=sys.stderr)


def render(values):
    with helm.Chart.load(CHART) as chart:
        texts = chart.render(values, name="demo", namespace="prod")
    documents = [yaml.safe_load_all(text) for name, text in texts.items() if not name.endswith(".txt")]
    return {(o["kind"], o["metadata"]["name"]): o for objects in documents for o in objects if o}


def rejected(values):
    try:
        render(values)
    except helm.HelmError as error:
        return str(error)
    return ""


def valid(objects):
    for (kind, _), value in objects.items():
        for version in VERSIONS if kind != "ServiceMonitor" else ():
            kubernetes_validate.validate(value, version, strict=True)


def configuration(objects):
    """The settings of the gateway that reads the rendered file, with the password where the pod has it."""
    text = objects["ConfigMap", "demo-gateway"]["data"]["odoo-gateway.toml"]
    password = os.path.join(FOLDER, "password")
    with open(password, "w") as file:
        file.write("secret")
    path = os.path.join(FOLDER, "odoo-gateway.toml")
    with open(path, "w") as file:
        file.write(text.replace("/run/secrets/store/password", password))
    command = [BINARY, "--json", "--config", path, "config"]
    output = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""})
    fact("the gateway accepts the rendered configuration", output.returncode == 0, output.stdout + output.stderr + text)
    return text


def mounts_exist(pod):
    names = {volume["name"] for volume in pod["volumes"]}
    return {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == names


warnings.simplefilter("ignore")
report = helm.lint(CHART, POSTGRES, strict=True)
serious = [message for message in report["messages"] if message["severity"] > 1] + report["errors"]
fact("helm lint finds nothing", report["total_charts_linted"] == 1 and not serious, json.dumps(report))

one = render({})
valid(one)
kinds = sorted(kind for kind, _ in one)
fact("one pod with SQLite has two volumes", kinds.count("PersistentVolumeClaim") == 2, kinds)
fact("it has no budget", "PodDisruptionBudget" not in kinds, kinds)
spec = one["Deployment", "demo-gateway"]["spec"]
fact("it is replaced, never doubled", (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate"), spec)
configuration(one)

several = render(POSTGRES)
valid(several)
spec = several["Deployment", "demo-gateway"]["spec"]
pod = spec["template"]["spec"]
container = pod["containers"][0]
fact("pods with PostgreSQL share nothing but secrets", "PersistentVolumeClaim" not in {kind for kind, _ in several})
fact("they have a budget", several["PodDisruptionBudget", "demo-gateway"]["spec"]["minAvailable"] == 1)
fact("a new one starts before an old one ends", spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, spec)
fact("each volume is mounted", mounts_exist(pod), pod)
environment = {variable["name"]: variable.get("value") for variable in container["env"]}
fact("the master key is a file", environment["CREDENTIALS_DIRECTORY"] == "/run/secrets/master-key", environment)
fact("no secret is in the configuration", "secret" not in configuration(several).replace("/run/secrets/", ""))
fact("they end before they are killed", pod["terminationGracePeriodSeconds"] == 45, pod)
security = container["securityContext"]
locked = security["readOnlyRootFilesystem"] and security["capabilities"] == {"drop": ["ALL"]}
fact("they have no rights", locked and pod["securityContext"]["runAsNonRoot"], security)

everything = render(EVERYTHING)
valid(everything)
kinds = {kind for kind, _ in everything}
expected = {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress", "NetworkPolicy", "ServiceMonitor", "Deployment"}
fact("every value renders a valid object", expected <= kinds, kinds)
fact("an autoscaled deployment has no fixed number of pods", "replicas" not in everything["Deployment", "demo-gateway"]["spec"])
scraped = everything["ServiceMonitor", "demo-gateway"]["spec"]["selector"]["matchLabels"].items()
labels = everything["Service", "demo-gateway-ops"]["metadata"]["labels"].items()
fact("the monitor selects the service for operators", scraped <= labels, (scraped, labels))

no_key = POSTGRES | {"masterKey": {"secretName": ""}}
fact("PostgreSQL without a shared master key is rejected", "masterKey.secretName" in rejected(no_key))
fact("SQLite is not scaled", "store.url" in rejected({"autoscaling": {"enabled": True}}))
fact("a misspelled value is rejected", "replica" in rejected({"replica": 3}))
