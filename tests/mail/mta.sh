#!/usr/bin/env bash
# A Postfix of its own that listens on 127.0.0.1:PORT, with STARTTLS, and hands every mail on to 127.0.0.1:RELAY. It
# prints `ready`; for each line on its stdin it waits until it has handed on everything, and prints `empty`; it ends with
# its stdin. It has its own configuration, queue and log in a directory that it removes
# again, and touches nothing of a Postfix that the machine has. Needs root, and the user `postfix` of the package.
#   mta.sh PORT RELAY CERTIFICATE KEY
set -euo pipefail
PATH=$PATH:/usr/sbin
port=$1 relay=$2 certificate=$3 key=$4
dir=$(mktemp -d "${TMPDIR:-/tmp}/standpipe-mta.XXXXXX")
master=
stop() {
  if [ -n "$master" ]; then
    kill "$master" 2>/dev/null || true
    wait "$master" 2>/dev/null || true
  fi
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

chmod 755 "$dir"
install -d -m 755 "$dir/conf" "$dir/spool" "$dir/spool/pid"
install -d -m 700 -o postfix "$dir/data" "$dir/spool/"{active,bounce,corrupt,defer,deferred,flush,hold,incoming,private,saved,trace}
install -d -m 710 -o postfix -g postdrop "$dir/spool/public"
cp "$certificate" "$dir/conf/cert.pem"
install -m 600 "$key" "$dir/conf/key.pem"

cat >"$dir/conf/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
maillog_file = $dir/mail.log
maillog_file_prefixes = $dir
myhostname = mta.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
relayhost = [127.0.0.1]:$relay
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = $dir/conf/cert.pem
smtpd_tls_key_file = $dir/conf/key.pem
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
CF
cat >"$dir/conf/master.cf" <<CF
127.0.0.1:$port inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CF

MAIL_CONFIG="$dir/conf" "$(postconf -c "$dir/conf" -h daemon_directory)/master" -s >"$dir/out" 2>&1 &
master=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$master" 2>/dev/null || { cat "$dir/out" "$dir/mail.log" >&2; exit 1; }
  sleep 0.05
done
echo ready
while read -r _; do
  until [ -z "$(find "$dir"/spool/{incoming,active,deferred} -type f)" ]; do sleep 0.05; done
  echo empty
done
