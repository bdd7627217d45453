#!/usr/bin/env bash
# From nothing to a dashboard with data: a kind cluster, the image, the chart, a Prometheus, a Grafana, made-up
# logs. Needs docker, kind, kubectl and helm; run again, it brings what is there up to date.
# usage: up.sh          and to remove all of it: kind delete cluster --name logtriage
#
# Checked by shellcheck and by schema, not run where it was written: that takes a container registry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

CLUSTER=logtriage
CONTEXT=kind-$CLUSTER
# The chart's appVersion, which its image is tagged with.
VERSION=$(sed -n 's/^appVersion: //p' helm/logtriage/Chart.yaml)

say() { printf '\n== %s\n' "$*"; }
in_cluster() { kubectl --context "$CONTEXT" "$@"; }

for needed in docker kind kubectl helm; do
    command -v "$needed" >/dev/null || {
        echo "kind: expected $needed, found none; install it first" >&2
        exit 1
    }
done

if ! kind get clusters | grep -qx "$CLUSTER"; then
    say "a cluster"
    kind create cluster --name "$CLUSTER" --wait 120s
fi

say "the image (five minutes, the first time)"
docker build --target native --tag "logtriage:$VERSION" .
kind load docker-image "logtriage:$VERSION" --name "$CLUSTER"

say "logtriage"
helm --kube-context "$CONTEXT" upgrade --install logtriage helm/logtriage \
    --namespace logtriage --create-namespace --values deploy/kind/values.yaml --wait --timeout 2m
helm --kube-context "$CONTEXT" test logtriage --namespace logtriage --logs

say "Prometheus, Grafana, made-up logs"
in_cluster apply -f deploy/kind/namespace.yaml
# config NAME FILE... : a ConfigMap of files, made or brought up to date.
config() {
    local name=$1 file arguments=()
    shift
    for file in "$@"; do arguments+=("--from-file=$file"); done
    in_cluster create configmap "$name" --namespace monitoring "${arguments[@]}" \
        --dry-run=client --output yaml | in_cluster apply --server-side -f -
}
config prometheus deploy/kind/prometheus.yaml deploy/prometheus/logtriage.rules.yaml
config grafana-datasources deploy/grafana/datasource.yaml
config grafana-providers deploy/grafana/dashboards.yaml
config grafana-dashboards helm/logtriage/dashboards/*.json
in_cluster apply -f deploy/kind/monitoring.yaml
sed "s/logtriage:VERSION/logtriage:$VERSION/" deploy/kind/logs.yaml | in_cluster apply -f -
for deployment in prometheus grafana logs; do
    in_cluster --namespace monitoring rollout status "deployment/$deployment" --timeout 5m
done

cat <<DONE

The dashboards, in half a minute with data:

    kubectl --context $CONTEXT --namespace monitoring port-forward service/grafana 3000
    http://localhost:3000/dashboards
DONE
