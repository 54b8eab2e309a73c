{{- define "gateway.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{ $name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "gateway.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "gateway.name" .) }}
{{- end }}

{{- define "gateway.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* Milliseconds of a pod's shutdown: the delay, the drain, and the 2 s after which the process ends whatever hangs. */ -}}
{{- define "gateway.endMs" -}}
{{ add .Values.config.server.shutdownDelayMs .Values.config.server.drainTimeoutMs 2000 }}
{{- end }}

{{- define "gateway.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: { name: {{ .secret | quote }}, key: {{ .key | quote }}{{ if .optional }}, optional: true{{ end }} }
{{- end }}

{{- /* Rules between values, which a schema cannot express. */ -}}
{{- define "gateway.check" -}}
{{- with .Values -}}
{{- if and .ingress.enabled .httpRoute.enabled }}{{ fail "ingress and httpRoute: enable one of them" }}{{ end -}}
{{- $noticed := mul 1000 .readiness.periodSeconds .readiness.failureThreshold -}}
{{- if lt (int .config.server.shutdownDelayMs) (int $noticed) -}}
{{- fail (printf "config.server.shutdownDelayMs: at least %d, which is readiness.periodSeconds × readiness.failureThreshold" $noticed) -}}
{{- end -}}
{{- if and .config.server.port (ne (int .config.server.port) 8080) }}{{ fail "config.server.port: the container's port is 8080" }}{{ end -}}
{{- end -}}
{{- end }}
