{{/* The new API if the cluster has it: needs group/version/Kind to be known. */}}
{{- define "guarded.newIfServed" -}}
{{- if .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" -}}
policy/v1
{{- else -}}
policy/v1beta1
{{- end -}}
{{- end -}}

{{/* The old API while the cluster has it: needs what is gone not to be there. */}}
{{- define "guarded.oldWhileServed" -}}
{{- if $.Capabilities.APIVersions.Has "policy/v1beta1" -}}
policy/v1beta1
{{- else -}}
policy/v1
{{- end -}}
{{- end -}}

{{/* The same with the API in an argument, as shared library charts ask. */}}
{{- define "guarded.oldWhileServedArgument" -}}
{{- if .context.Capabilities.APIVersions.Has .version -}}
{{ .version }}
{{- else -}}
autoscaling/v2
{{- end -}}
{{- end -}}
