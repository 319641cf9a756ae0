# The parts of the machine that a script needs; to be sourced. A missing one is installed where that may be done: by
# root, or by somebody whose `sudo` asks nothing, with apt-get.

# The parts that STANDPIPE_TEST_WITHOUT names, and the needed ones that are not to be had.
went_without=()
missing=()

without() {
  case ",${STANDPIPE_TEST_WITHOUT:-}," in *",$1,"*) return 0 ;; *) return 1 ;; esac
}

# Whether PROGRAM is there: in PATH, or where distributions keep PostgreSQL's or servers.
is_there() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null \
    || compgen -G "/usr/pgsql-*/bin/$1" >/dev/null || compgen -G "/opt/homebrew/opt/postgresql*/bin/$1" >/dev/null
}

# room_in_memory: a new directory in memory, for all users; false where less than 4 GB fit there, less than 8 GB of memory
# are free, or programs do not run there.
room_in_memory() {
  local directory free available
  free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
  available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo 2>/dev/null)
  [ "${free:-0}" -ge 4000000 ] && [ "${available:-0}" -ge 8000000 ] || return 1
  directory=$(mktemp -d /dev/shm/standpipe.XXXXXX) || return 1
  chmod 1777 "$directory"
  printf '#!/bin/sh\n' >"$directory/runs" && chmod +x "$directory/runs"
  if ! "$directory/runs"; then
    rm -rf "$directory"
    return 1
  fi
  rm "$directory/runs"
  echo "$directory"
}

# install PACKAGE…: false where it may not, or cannot. Nothing that is there is removed for it.
install() {
  local as=()
  command -v apt-get >/dev/null 2>&1 || return 1
  if [ "$(id -u)" != 0 ]; then
    sudo -n true >/dev/null 2>&1 || return 1
    as=(sudo -n)
  fi
  echo "installing $*" >&2
  as+=(env DEBIAN_FRONTEND=noninteractive)
  # An index of a few days ago names packages that are gone, so a failure is tried once more with a fresh one.
  "${as[@]}" apt-get install -y --no-remove --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  "${as[@]}" apt-get update >/dev/null 2>&1
  "${as[@]}" apt-get install -y --no-remove --no-install-recommends "$@" >/dev/null
}

# need_resolver: unbound, as a program: where a package is also a service, it is not to begin to serve this machine.
need_resolver() {
  if ! without resolver && ! is_there unbound && [ -d /run/systemd/system ]; then
    if [ "$(id -u)" = 0 ]; then systemctl mask unbound.service; else sudo -n systemctl mask unbound.service; fi >/dev/null 2>&1 || true
  fi
  need resolver unbound unbound
}

# need PART PROGRAM PACKAGE…: PROGRAM of PART, installed if it is missing.
need() {
  local part=$1 program=$2
  shift 2
  if without "$part"; then
    case " ${went_without[*]:-} " in *" $part "*) ;; *) went_without+=("$part") ;; esac
    return 0
  fi
  is_there "$program" && return 0
  if install "$@" && is_there "$program"; then return 0; fi
  missing+=("$part: the program $program is missing and could not be installed; install $*, or go without it by STANDPIPE_TEST_WITHOUT=$part")
}

# need_mta: Postfix, which the tests start with a configuration of their own. Where it is installed for them, it is left
# without one, so that the machine does not begin to serve mail.
need_mta() {
  if ! without mta && ! is_there postfix && command -v debconf-set-selections >/dev/null 2>&1; then
    local as=()
    [ "$(id -u)" = 0 ] || as=(sudo -n)
    echo 'postfix postfix/main_mailer_type select No configuration' | "${as[@]}" debconf-set-selections 2>/dev/null || true
  fi
  need mta postfix postfix
  if ! without mta && [ "$(id -u)" != 0 ] && ! sudo -n true >/dev/null 2>&1; then
    missing+=("mta: Postfix starts as root only; let sudo ask nothing, or go without it by STANDPIPE_TEST_WITHOUT=mta")
  fi
}
