{{/*
The name of all objects. Never just "odoo-gateway" for the service: Kubernetes would set ODOO_GATEWAY_PORT and similar
variables in the containers of the namespace, which look like misspelled settings.
*/}}
{{- define "gateway.name" -}}
{{- default (printf "%s-gateway" .Release.Name) .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The time in which a pod must have ended: longer than the gateway needs. */}}
{{- define "gateway.terminationGrace" -}}
{{- $server := .Values.config.server | default dict -}}
{{- $delay := $server.shutdown_delay | default "0s" -}}
{{- $grace := $server.shutdown_grace | default "30s" -}}
{{- if not (and (regexMatch "^[0-9]+s$" $delay) (regexMatch "^[0-9]+s$" $grace)) -}}
{{- fail "config.server.shutdown_delay and shutdown_grace must be whole seconds, for example 30s" -}}
{{- end -}}
{{- add (trimSuffix "s" $delay | atoi) (trimSuffix "s" $grace | atoi) 10 -}}
{{- end -}}

{{/* The configuration file: the values, the address of the store, and the files with secrets. */}}
{{- define "gateway.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.store.url -}}
{{- $store := merge (dict "url" .Values.store.url) ($config.store | default dict) -}}
{{- if .Values.store.passwordSecret.name -}}
{{- $_ := set $store "password_file" "/run/secrets/store/password" -}}
{{- end -}}
{{- $_ := set $config "store" $store -}}
{{- end -}}
{{- /* Helm reads every number as a float, and the gateway has settings with integers only. */ -}}
{{- regexReplaceAll "(?m)^(\\s*[A-Za-z0-9_-]+ = -?[0-9]+)\\.0$" (toToml $config) "${1}" -}}
{{- end -}}
