#!/usr/bin/env bash
# Gathers real logs of ordinary work for `make traffic`: what this machine has kept, and what programs
# write that are started here for some seconds, do a little ordinary work, and are ended again.
# Usage: scripts/traffic_logs.sh DIRECTORY
set -euo pipefail

out=${1:?expected a directory for the logs}
mkdir -p "$out"
root=$(cd "$(dirname "$0")/.." && pwd)

# A machine without a journal, such as a container, gets one of its own where it may: a journal daemon in a
# mount namespace, which the programs below write to.
journald=/lib/systemd/systemd-journald
if [ -z "${OWN_JOURNAL:-}" ] && [ ! -S /run/systemd/journal/socket ] && [ -x "$journald" ] && unshare -m true 2>/dev/null; then
	OWN_JOURNAL=1 exec unshare -m "$0" "$@"
fi
work=$(mktemp -d)
database=
started=()
finish() {
	for ((at = ${#started[@]} - 1; at >= 0; at--)); do
		kill "${started[at]}" 2>/dev/null || true
		wait "${started[at]}" 2>/dev/null || true
	done
	rm -rf "$work" ${database:+"$database"}
}
trap finish EXIT

if [ -n "${OWN_JOURNAL:-}" ]; then
	mount -t tmpfs tmpfs /run
	mkdir -p /run/log/journal /run/systemd/journal
	"$journald" 2>/dev/null &
	started+=($!)
	for _ in $(seq 50); do [ -S /run/systemd/journal/stdout ] || sleep 0.1; done
fi

# Standard input to the log of that name, and to the journal where there is one.
into() {
	if [ -S /run/systemd/journal/stdout ]; then tee "$out/$1.log" | systemd-cat -t "$1"; else cat >"$out/$1.log"; fi
}

# A program that does not run as root.
unprivileged() {
	if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
database=$(unprivileged mktemp -d)

# Keeps the last lines of a file that is there and not empty.
keep() {
	if [ -s "$2" ]; then tail -n 3000 "$2" >"$out/$1.log"; fi
}

keep package-manager /var/log/dpkg.log
keep alternatives /var/log/alternatives.log
keep syslog /var/log/syslog
keep auth /var/log/auth.log
if command -v dmesg >/dev/null; then dmesg 2>/dev/null | grep -vi "command line" >"$out/kernel.log" || true; fi
for log in ${TRAFFIC_EXTRA:-}; do keep "$(basename "$log" .log)" "$log"; done

etcd=$root/.tools/etcd/etcd
if [ -x "$etcd" ]; then
	"$etcd" --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:23790 \
		--advertise-client-urls http://127.0.0.1:23790 --listen-peer-urls http://127.0.0.1:23800 \
		--initial-advertise-peer-urls http://127.0.0.1:23800 --initial-cluster default=http://127.0.0.1:23800 \
		> >(into etcd) 2>&1 &
	started+=($!)
fi
apiserver=$root/.tools/kube-apiserver
if [ -f "$apiserver" ] && [ -x "$apiserver" ] && [ -x "$etcd" ]; then
	openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
	# Its own controllers' requests: this build of the server panics over a client's that ask for JSON.
	printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Metadata\n' >"$work/audit.yaml"
	"$apiserver" --etcd-servers=http://127.0.0.1:23790 --cert-dir="$work/certs" \
		--audit-policy-file="$work/audit.yaml" \
		--audit-log-path="$out/kube-audit.log" \
		--bind-address=127.0.0.1 --secure-port=23940 --authorization-mode=RBAC \
		--service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$work/sa.key" --service-account-signing-key-file="$work/sa.key" \
		> >(into kube-apiserver) 2>&1 &
	started+=($!)
fi
prometheus=$root/.tools/prometheus/prometheus
if [ -x "$prometheus" ]; then
	printf 'scrape_configs:\n  - job_name: own\n    static_configs:\n      - targets: [127.0.0.1:23900]\n' >"$work/p.yml"
	"$prometheus" --config.file="$work/p.yml" --storage.tsdb.path="$work/prometheus" \
		--web.listen-address=127.0.0.1:23900 --web.enable-lifecycle > >(into prometheus) 2>&1 &
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
	"$haproxy" -f "$work/h.cfg" > >(into haproxy) 2>&1 &
	started+=($!)
fi
python3 -m http.server 23920 --bind 127.0.0.1 --directory "$root/docs" > >(into python-http) 2>&1 &
started+=($!)

if command -v nginx >/dev/null; then
	cat >"$work/n.conf" <<-CONFIG
		pid $work/nginx.pid;
		error_log stderr notice;
		daemon off;
		events {}
		http {
		  access_log $out/nginx-access.log combined;
		  server {
		    listen 127.0.0.1:23950;
		    root $root/docs;
		    location /prometheus/ { proxy_pass http://127.0.0.1:23900/; }
		  }
		}
	CONFIG
	nginx -c "$work/n.conf" -e stderr > >(into nginx-error) 2>&1 &
	started+=($!)
fi
if command -v initdb >/dev/null && command -v pgbench >/dev/null; then
	unprivileged initdb -D "$database" >/dev/null
	unprivileged postgres -D "$database" -p 23930 -k "$database" -c log_connections=on \
		-c log_disconnections=on -c log_checkpoints=on -c checkpoint_timeout=30s -c log_statement=ddl \
		-c log_autovacuum_min_duration=0 -c autovacuum_naptime=5s > >(into postgresql) 2>&1 &
	started+=($!)
fi

sleep 3
if [ -S "$database/.s.PGSQL.23930" ]; then
	unprivileged createdb -h "$database" -p 23930 shop
	unprivileged pgbench -h "$database" -p 23930 -q -i shop >/dev/null 2>&1
	unprivileged pgbench -h "$database" -p 23930 -C -c 2 -t 50 shop >/dev/null 2>&1
fi
for _ in $(seq 20); do
	for port in 23790/health 23900/-/ready 23900/metrics 23910/-/healthy 23910/api/v1/targets 23920/ 23920/metrics.md \
		23950/metrics.md 23950/dashboards/overview.png 23950/prometheus/-/ready; do
		curl -s -o /dev/null "http://127.0.0.1:$port" || true
	done
done
curl -s -X POST http://127.0.0.1:23900/-/reload || true
sleep 40
if [ -S /run/systemd/journal/stdout ] && command -v journalctl >/dev/null; then
	# The kernel's lines are in a log of their own.
	journalctl --no-pager -n 3000 2>/dev/null | grep -v '^-- ' | grep -v ' kernel: ' >"$out/journal.log" || true
fi
find "$out" -name '*.log' -empty -delete
