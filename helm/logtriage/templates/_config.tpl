{{/*
The configuration file: the values' own tree, and what other values add to it. The program checks it at
its start; the schema and the checks below say sooner what would not work.
*/}}
{{- define "logtriage.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $models := $config.models | default dict }}
{{- $source := .Values.model.source }}
{{- if eq $source "configMap" }}
  {{- with .Values.model.configMap }}
    {{- $_ := set $models "configmap" (dict "name" .name "namespace" (.namespace | default $.Release.Namespace)) }}
  {{- end }}
{{- else if eq $source "configMapSelector" }}
  {{- with .Values.model.configMapSelector }}
    {{- $_ := set $models "configmap" (dict "selector" .selector "namespace" (.namespace | default $.Release.Namespace)) }}
  {{- end }}
{{- else if eq $source "url" }}
  {{- $fetch := dict "interval" .Values.model.url.interval }}
  {{- if .Values.model.url.tokenSecret }}{{ $_ := set $fetch "token_file" "/etc/logtriage/model-token/token" }}{{ end }}
  {{- if .Values.model.url.caConfigMap }}{{ $_ := set $fetch "ca_file" "/etc/logtriage/model-ca/ca.crt" }}{{ end }}
  {{- $_ := set $models "url" .Values.model.url.url }}
  {{- $_ := set $models "fetch" $fetch }}
{{- else if ne $source "builtin" }}
  {{- $directory := (index .Values.model $source).directory | default "" | trimAll "/" }}
  {{- $_ := set $models "dir" (printf "/bundle/%s" $directory | trimSuffix "/") }}
{{- end }}
{{- if .Values.mustForward }}{{ $_ := set $models "must_forward" "/etc/logtriage/site/must-forward.ndjson" }}{{ end }}
{{- if $models }}{{ $_ := set $config "models" $models }}{{ end }}

{{- $rules := $config.rules | default dict }}
{{- if .Values.rulePacks }}
  {{- $_ := set $rules "packs" (append ($rules.packs | default list) "/etc/logtriage/rules") }}
{{- end }}
{{- if .Values.compliancePacks }}
  {{- $packs := hasKey $rules "compliance" | ternary $rules.compliance (list "builtin") }}
  {{- $_ := set $rules "compliance" (append $packs "/etc/logtriage/compliance") }}
{{- end }}
{{- if $rules }}{{ $_ := set $config "rules" $rules }}{{ end }}

{{- if .Values.adminToken.secret }}
  {{- $operations := $config.operations | default dict }}
  {{- $_ := set $operations "admin_token_file" "/etc/logtriage/admin-token/token" }}
  {{- $_ := set $config "operations" $operations }}
{{- end }}
{{- with .Values.feedback }}
  {{- if .enabled }}
    {{- $feedback := dict "path" "/var/lib/logtriage/${POD_NAME}.ndjson" "max_bytes" .maxSize }}
    {{- if .tokenSecret }}{{ $_ := set $feedback "token_file" "/etc/logtriage/feedback-token/token" }}{{ end }}
    {{- $_ := set $config "feedback" $feedback }}
  {{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/*
The part of the configuration that is read at the start alone. What is left out here is taken in while the
service runs (src/watch/site.rs), so a change of it must not roll the pods; a section that is empty then is
the same as none.
*/}}
{{- define "logtriage.restartConfig" -}}
{{- $config := omit (include "logtriage.config" . | fromYaml) "decision" "rules" "compliance" }}
{{- range $section, $key := dict "models" "must_forward" "log" "level" }}
  {{- $rest := omit (index $config $section | default dict) $key }}
  {{- $config = $rest | empty | ternary (omit $config $section) (merge (dict $section $rest) $config) }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The port of a listen address: a list of the address and its default. */}}
{{- define "logtriage.port" -}}
{{- regexFind "[0-9]+$" (index . 0 | default (index . 1)) }}
{{- end }}
{{- define "logtriage.dataPort" -}}
{{- include "logtriage.port" (list (.Values.config.server | default dict).listen "8080") }}
{{- end }}
{{- define "logtriage.operationsPort" -}}
{{- include "logtriage.port" (list (.Values.config.operations | default dict).listen "9090") }}
{{- end }}

{{/* Whole seconds, rounded up, of a duration such as 5s, 1500ms, 2m or 30. */}}
{{- define "logtriage.seconds" -}}
{{- $number := regexFind "^[0-9]+" (toString .) | int64 }}
{{- $unit := regexFind "[a-z]+$" (toString .) }}
{{- if eq $unit "ms" }}{{ div (add $number 999) 1000 }}
{{- else if eq $unit "m" }}{{ mul $number 60 }}
{{- else }}{{ $number }}{{ end }}
{{- end }}

{{/* Seconds from the order to end until the kubelet kills: what the service takes, and five to spare. */}}
{{- define "logtriage.graceSeconds" -}}
{{- $shutdown := .Values.config.shutdown | default dict }}
{{- $delay := include "logtriage.seconds" ($shutdown.delay | default "5s") | int64 }}
{{- $grace := include "logtriage.seconds" ($shutdown.grace | default "25s") | int64 }}
{{- $needed := add .Values.preStopSleepSeconds $delay $grace }}
{{- $given := .Values.terminationGracePeriodSeconds | int64 }}
{{- if not $given }}{{ add $needed 5 }}
{{- else if lt $given $needed }}
  {{- fail (printf "terminationGracePeriodSeconds: expected at least %d (preStopSleepSeconds, shutdown.delay and shutdown.grace of config), found %d; 0 takes what fits" $needed $given) }}
{{- else }}{{ $given }}{{ end }}
{{- end }}

{{/* "true" where config asks for ONNX Runtime, which takes more memory. */}}
{{- define "logtriage.onnxruntime" -}}
{{- $engine := .Values.config.engine | default dict }}
{{- $kinds := concat (list $engine.kind) (values ($engine.members | default dict)) }}
{{- if has "onnxruntime" $kinds }}true{{ end }}
{{- end }}

{{/* What the pods may do in the API, and so whether they have a token. */}}
{{- define "logtriage.watchesAPI" -}}
{{- if has .Values.model.source (list "configMap" "configMapSelector") }}true{{ end }}
{{- end }}
{{- define "logtriage.tellsEvents" -}}
{{- if or (eq .Values.events "always") (and (eq .Values.events "auto") (include "logtriage.watchesAPI" .)) }}true{{ end }}
{{- end }}
{{- define "logtriage.usesAPI" -}}
{{- if or (include "logtriage.watchesAPI" .) (include "logtriage.tellsEvents" .) }}true{{ end }}
{{- end }}
