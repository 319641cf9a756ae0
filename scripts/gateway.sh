# A Standpipe with one workspace for scripts that measure its gateway; to be sourced after scripts/parts.sh, with `program`
# and `dir` set. Sets gateway_pid, token, database and password; `address NAME` gives an address, `stop` ends it all.
running=()
stop() {
  for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap stop EXIT
wait_for() { for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "$0: $* does not come" >&2; exit 1; }
address() { sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" "$STANDPIPE_DATA_DIR/addresses.json"; }
api() { curl -fsS -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "http://$(address http)/api/latest/user/bench/$1" "${@:2}"; }
json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
is_enabled() { [ "$(api workspace/dev | json state)" = enabled ]; }

# serve_gateway: starts it, with what else the environment says.
serve_gateway() {
  export STANDPIPE_DATA_DIR=$dir/data STANDPIPE_HTTP_LISTEN=127.0.0.1:0 STANDPIPE_HTTPS_LISTEN=127.0.0.1:0 \
    STANDPIPE_GATEWAY_LISTEN=127.0.0.1:0 STANDPIPE_WORKSPACES_LOCAL=true STANDPIPE_WORKSPACES_SYSTEM_DIR=$dir/system \
    STANDPIPE_LOG_LEVEL=${STANDPIPE_LOG_LEVEL:-warn}
  "$program" admin user create bench --email bench@example.com >/dev/null
  token=$("$program" admin token create bench)
  "$program" serve >"$dir/out" 2>"$dir/err" &
  gateway_pid=$!
  running+=("$gateway_pid")
  wait_for grep -q 'standpipe is ready' "$dir/out"
  api workspace -d '{"handle": "dev"}' >/dev/null
  wait_for is_enabled
  database=$(api workspace/dev | json database_name)
  password=$(api password | json '$password')
}

# As root PostgreSQL runs as the user postgres.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups -- "$@"; else "$@"; fi; }
# open_cluster: lets PostgreSQL's superuser in through `socket`, as `super` then does.
open_cluster() {
  local cluster
  cluster=$(dirname "$(find "$dir" -name postmaster.pid | head -n 1)")
  socket=$(sed -n 5p "$cluster/postmaster.pid")
  sed -i '1i local all standpipe trust' "$cluster/pg_hba.conf"
  as kill -HUP "$(head -n 1 "$cluster/postmaster.pid")"
  wait_for super -c 'SELECT 1'
}
super() { as psql -qtAX -h "$socket" -p 5432 -U standpipe -d "$database" "$@"; }
