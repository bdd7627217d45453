{{/* The parts of the pod: environment, volumes and where they are mounted. */}}

{{/* What the restricted level of Pod Security asks of every container, and a read-only root beside it. */}}
{{- define "logtriage.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "logtriage.env" -}}
{{- $pod := list }}
{{- if or (include "logtriage.tellsEvents" .) .Values.feedback.enabled }}{{ $pod = append $pod (list "POD_NAME" "metadata.name") }}{{ end }}
{{- if include "logtriage.tellsEvents" . }}
  {{- $pod = append $pod (list "POD_NAMESPACE" "metadata.namespace") }}
  {{- $pod = append $pod (list "POD_UID" "metadata.uid") }}
{{- end }}
{{- range $pod }}
- name: {{ index . 0 }}
  valueFrom:
    fieldRef:
      fieldPath: {{ index . 1 }}
{{- end }}
{{- with .Values.tracing }}
{{- if .enabled }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ required "tracing.endpoint: expected where the traces go, such as http://otel-collector.monitoring:4318, found none" .endpoint | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ .protocol }}
- name: OTEL_SERVICE_NAME
  value: {{ .serviceName | default (include "logtriage.fullname" $) | quote }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampleRatio | quote }}
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Directories whole, never by subPath: what is mounted by subPath never changes again. */}}
{{- define "logtriage.volumeMounts" -}}
- name: config
  mountPath: /etc/logtriage/config
  readOnly: true
{{- if .Values.rulePacks }}
- name: rules
  mountPath: /etc/logtriage/rules
  readOnly: true
{{- end }}
{{- if .Values.compliancePacks }}
- name: compliance
  mountPath: /etc/logtriage/compliance
  readOnly: true
{{- end }}
{{- if .Values.mustForward }}
- name: site
  mountPath: /etc/logtriage/site
  readOnly: true
{{- end }}
{{- range include "logtriage.secrets" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: /etc/logtriage/{{ .name }}
  readOnly: true
{{- end }}
{{- if has .Values.model.source (list "projected" "persistentVolumeClaim" "image" "initContainer") }}
- name: bundle
  mountPath: /bundle
  readOnly: true
{{- end }}
{{- if .Values.feedback.enabled }}
- name: feedback
  mountPath: /var/lib/logtriage
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Tokens and authorities: each one file of a Secret or a ConfigMap, in a directory of its own. */}}
{{- define "logtriage.secrets" -}}
{{- $files := list }}
{{- with .Values.adminToken }}
  {{- if .secret }}{{ $files = append $files (dict "name" "admin-token" "secret" .secret "key" .key "path" "token") }}{{ end }}
{{- end }}
{{- with .Values.feedback }}
  {{- if and .enabled .tokenSecret }}{{ $files = append $files (dict "name" "feedback-token" "secret" .tokenSecret "key" .tokenKey "path" "token") }}{{ end }}
{{- end }}
{{- if eq .Values.model.source "url" }}
  {{- with .Values.model.url }}
    {{- if .tokenSecret }}{{ $files = append $files (dict "name" "model-token" "secret" .tokenSecret "key" .tokenKey "path" "token") }}{{ end }}
    {{- if .caConfigMap }}{{ $files = append $files (dict "name" "model-ca" "configMap" .caConfigMap "key" .caKey "path" "ca.crt") }}{{ end }}
  {{- end }}
{{- end }}
{{- toYaml $files }}
{{- end }}

{{- define "logtriage.volumes" -}}
{{- $name := include "logtriage.fullname" . }}
- name: config
  configMap:
    name: {{ $name }}
{{- range $volume := list "rules" "compliance" "site" }}
{{- if index (dict "rules" $.Values.rulePacks "compliance" $.Values.compliancePacks "site" $.Values.mustForward) $volume }}
- name: {{ $volume }}
  configMap:
    name: {{ $name }}-{{ $volume }}
{{- end }}
{{- end }}
{{- range include "logtriage.secrets" . | fromYamlArray }}
- name: {{ .name }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ .configMap }}
  {{- end }}
    items:
      - key: {{ .key }}
        path: {{ .path }}
{{- end }}
{{- include "logtriage.bundleVolume" . }}
{{- with .Values.feedback }}
{{- if .enabled }}
- name: feedback
  {{- if .claimName }}
  persistentVolumeClaim:
    claimName: {{ .claimName }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .sizeLimit }}
  {{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "logtriage.bundleVolume" -}}
{{- $source := .Values.model.source }}
{{- if eq $source "projected" }}
- name: bundle
  projected:
    sources:
      {{- range .Values.model.projected.configMaps }}
      - configMap:
          name: {{ . }}
      {{- end }}
{{- else if eq $source "persistentVolumeClaim" }}
- name: bundle
  persistentVolumeClaim:
    claimName: {{ required "model.persistentVolumeClaim.claimName: expected the name of a claim, found none" .Values.model.persistentVolumeClaim.claimName }}
    readOnly: true
{{- else if eq $source "image" }}
- name: bundle
  image:
    reference: {{ required "model.image.reference: expected the reference of an OCI image, found none" .Values.model.image.reference }}
    pullPolicy: {{ .Values.model.image.pullPolicy }}
{{- else if eq $source "initContainer" }}
- name: bundle
  emptyDir:
    sizeLimit: {{ .Values.model.initContainer.sizeLimit }}
{{- end }}
{{- end }}

{{- define "logtriage.resources" -}}
{{- $onnxruntime := include "logtriage.onnxruntime" . | eq "true" }}
requests:
  cpu: {{ .Values.resources.requests.cpu }}
  memory: {{ .Values.resources.requests.memory | default ($onnxruntime | ternary "96Mi" "64Mi") }}
limits:
  cpu: {{ .Values.resources.limits.cpu }}
  memory: {{ .Values.resources.limits.memory | default ($onnxruntime | ternary "192Mi" "128Mi") }}
{{- end }}
