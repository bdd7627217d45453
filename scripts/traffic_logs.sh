#!/usr/bin/env bash
# Gathers real logs of ordinary work for `make traffic`: what this machine has kept, and what programs
# write that are started here for some seconds, do a little ordinary work, and are ended again.
# Usage: scripts/traffic_logs.sh DIRECTORY
set -euo pipefail

out=${1:?expected a directory for the logs}
mkdir -p "$out"
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
started=()
finish() {
	for ((at = ${#started[@]} - 1; at >= 0; at--)); do
		kill "${started[at]}" 2>/dev/null || true
		wait "${started[at]}" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap finish EXIT

# Keeps the last lines of a file that is there and not empty.
keep() {
	if [ -s "$2" ]; then tail -n 3000 "$2" >"$out/$1.log"; fi
}

keep package-manager /var/log/dpkg.log
keep alternatives /var/log/alternatives.log
keep syslog /var/log/syslog
keep auth /var/log/auth.log
if command -v dmesg >/dev/null; then dmesg 2>/dev/null | grep -vi "command line" >"$out/kernel.log" || true; fi
if command -v journalctl >/dev/null; then
	journalctl --no-pager -n 3000 2>/dev/null | grep -v '^-- ' >"$out/journal.log" || true
fi
for log in ${TRAFFIC_EXTRA:-}; do keep "$(basename "$log" .log)" "$log"; done

etcd=$root/.tools/etcd/etcd
if [ -x "$etcd" ]; then
	"$etcd" --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:23790 \
		--advertise-client-urls http://127.0.0.1:23790 --listen-peer-urls http://127.0.0.1:23800 \
		--initial-advertise-peer-urls http://127.0.0.1:23800 --initial-cluster default=http://127.0.0.1:23800 \
		>"$out/etcd.log" 2>&1 &
	started+=($!)
fi
apiserver=$root/.tools/kube-apiserver
if [ -f "$apiserver" ] && [ -x "$apiserver" ] && [ -x "$etcd" ]; then
	openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
	"$apiserver" --etcd-servers=http://127.0.0.1:23790 --cert-dir="$work/certs" \
		--bind-address=127.0.0.1 --secure-port=23940 --authorization-mode=RBAC \
		--service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$work/sa.key" --service-account-signing-key-file="$work/sa.key" \
		>"$out/kube-apiserver.log" 2>&1 &
	started+=($!)
fi
prometheus=$root/.tools/prometheus/prometheus
if [ -x "$prometheus" ]; then
	printf 'scrape_configs:\n  - job_name: own\n    static_configs:\n      - targets: [127.0.0.1:23900]\n' >"$work/p.yml"
	"$prometheus" --config.file="$work/p.yml" --storage.tsdb.path="$work/prometheus" \
		--web.listen-address=127.0.0.1:23900 --web.enable-lifecycle >"$out/prometheus.log" 2>&1 &
	started+=($!)
fi
haproxy=$root/.tools/haproxy/haproxy
if [ -x "$haproxy" ]; then
	cat >"$work/h.cfg" <<-CONFIG
		global
		  log stdout format raw local0
		defaults
		  mode http
		  log global
		  option httplog
		  timeout connect 1s
		  timeout client 5s
		  timeout server 5s
		frontend web
		  bind 127.0.0.1:23910
		  default_backend own
		backend own
		  server prometheus 127.0.0.1:23900
	CONFIG
	"$haproxy" -f "$work/h.cfg" >"$out/haproxy.log" 2>&1 &
	started+=($!)
fi
python3 -m http.server 23920 --bind 127.0.0.1 --directory "$root/docs" >"$out/python-http.log" 2>&1 &
started+=($!)

if command -v initdb >/dev/null && [ "$(id -u)" -ne 0 ]; then
	initdb -D "$work/pg" >/dev/null
	postgres -D "$work/pg" -p 23930 -k "$work" -c log_connections=on -c log_checkpoints=on \
		-c log_statement=all >"$out/postgresql.log" 2>&1 &
	started+=($!)
fi

sleep 3
for _ in $(seq 20); do
	for port in 23790/health 23900/-/ready 23900/metrics 23910/-/healthy 23910/api/v1/targets 23920/ 23920/metrics.md; do
		curl -s -o /dev/null "http://127.0.0.1:$port" || true
	done
done
if [ -S "$work/.s.PGSQL.23930" ]; then
	for _ in $(seq 20); do
		psql -h "$work" -p 23930 -d postgres -qc 'select count(*) from pg_class' >/dev/null
	done
fi
curl -s -X POST http://127.0.0.1:23900/-/reload || true
sleep 20
find "$out" -name '*.log' -empty -delete
