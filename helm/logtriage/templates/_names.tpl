{{/* Names and labels. */}}

{{- define "logtriage.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for the longest suffix, -dashboard-overview, within a label's 63 characters. */}}
{{- define "logtriage.fullname" -}}
{{- $name := include "logtriage.name" . }}
{{- $whole := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $whole | trunc 43 | trimSuffix "-" }}
{{- end }}

{{- define "logtriage.selectorLabels" -}}
app.kubernetes.io/name: {{ include "logtriage.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{/* Of a pod: nothing that changes with the chart alone, for that would roll the pods. */}}
{{- define "logtriage.podLabels" -}}
{{ include "logtriage.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* Labels of everything; a pod's own selector must not be overridden, so its labels come last. */}}
{{- define "logtriage.labels" -}}
{{- $own := dict "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- $_ := set $own "app.kubernetes.io/version" (.Chart.AppVersion | toString) }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service }}
{{- $selector := include "logtriage.selectorLabels" . | fromYaml }}
{{- mergeOverwrite (deepCopy .Values.commonLabels) $own $selector | toYaml }}
{{- end }}

{{/* The head of an object: a list of the root, the name's suffix, and what goes beside. */}}
{{- define "logtriage.metadata" -}}
{{- $root := index . 0 }}
{{- $more := index . 2 }}
name: {{ include "logtriage.fullname" $root }}{{ index . 1 }}
namespace: {{ $more.namespace | default $root.Release.Namespace }}
labels:
  {{- mergeOverwrite (deepCopy ($more.labels | default dict)) (include "logtriage.labels" $root | fromYaml) | toYaml | nindent 2 }}
{{- with $more.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "logtriage.serviceAccount" -}}
{{- $own := .Values.serviceAccount.create | ternary (include "logtriage.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $own }}
{{- end }}

{{- define "logtriage.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}
