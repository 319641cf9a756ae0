"""psycopg 3, told what to do line by line; see tests/gateway/drivers.rs."""

import hashlib
import os
import sys
import threading

import psycopg

env = os.environ
sessions = {}
sleeping = {}


def open_session(name, way, password):
    by_host = {"host": env["DB_HOST"], "sslmode": "verify-full", "sslrootcert": env["DB_CA"], "channel_binding": "require"}
    by_name = {"host": env["DB_ADDRESS"], "sslmode": "disable"}
    # What only a new libpq can: TLS from the first octet, and the longer keys of protocol 3.2.
    direct = by_host | {"sslnegotiation": "direct", "max_protocol_version": "latest"}
    sessions[name] = psycopg.connect(
        **{"host": by_host, "name": by_name, "direct": direct}[way],
        hostaddr=env["DB_ADDRESS"],
        port=env["DB_PORT"],
        user=env["DB_USER"],
        password=password,
        dbname=env["DB_NAME"],
        application_name="python",
        autocommit=True,
    )
    return "ok"


def query(name):
    statement = "SELECT %s::int * 2, %s::text || 'e', %s::int[]"
    for _ in range(3):
        row = sessions[name].execute(statement, (21, "grüß", [1, 2]), prepare=True).fetchone()
    return f"{row[0]} {row[1]} {row[2][1]}"


def fail(name):
    session, states = sessions[name], []
    session.execute("CREATE TEMP TABLE IF NOT EXISTS kept (n int)")
    try:
        with session.transaction():
            session.execute("INSERT INTO kept VALUES (1)")
            for statement in ("SELECT 1 / 0", "SELECT 1"):
                try:
                    session.execute(statement)
                except psycopg.Error as error:
                    states.append(error.sqlstate)
            raise psycopg.Rollback()
    except psycopg.Error as error:
        states.append(error.sqlstate)
    return f"{' '.join(states)} {session.execute('SELECT count(*) FROM kept').fetchone()[0]}"


def cursor(name):
    session = sessions[name]
    with session.transaction(), session.cursor("rows") as rows:
        rows.itersize = 100
        rows.execute("SELECT generate_series(1, 1000)")
        found = [row[0] for row in rows]
    return f"{len(found)} {sum(found)}"


def copy(name):
    session = sessions[name]
    lines = [(str(n), f"grüße\t{n}\n\\") for n in range(10_000)]
    session.execute("CREATE TEMP TABLE IF NOT EXISTS lines (n text, line text)")
    with session.cursor().copy("COPY lines FROM STDIN") as into:
        for line in lines:
            into.write_row(line)
    with session.cursor().copy("COPY lines TO STDOUT") as out:
        back = list(out.rows())
    return f"{len(back)} {'same' if back == lines else 'other'}"


def transfer(name, mib):
    session, sent, back = sessions[name], hashlib.sha256(), hashlib.sha256()
    line = bytes(32 + n * 7 % 59 for n in range(65_536))
    session.execute("DROP TABLE IF EXISTS pg_temp.moved")
    session.execute("CREATE TEMP TABLE moved (n int, line text)")
    with session.cursor().copy("COPY moved FROM STDIN") as into:
        for n in range(int(mib) * 16):
            part = b"%d\t%b%b\n" % (n, line[n % 97 :], line[: n % 97])
            sent.update(part)
            into.write(part)
    with session.cursor().copy("COPY moved TO STDOUT") as out:
        for part in out:
            back.update(part)
    return "same" if sent.digest() == back.digest() else "other"


def notify(name):
    sessions[name].execute("LISTEN news")
    sessions[name].execute("NOTIFY news, 'grüße'")
    return next(sessions[name].notifies(timeout=30, stop_after=1)).payload


def sleep(name):
    def run():
        try:
            sessions[name].execute("SELECT pg_sleep(600) /* driver */")
            sleeping[name] = (thread, "slept")
        except psycopg.Error as error:
            sleeping[name] = (thread, error.sqlstate)

    thread = threading.Thread(target=run, daemon=True)
    sleeping[name] = (thread, None)
    thread.start()
    return "ok"


def cancel(name):
    sessions[name].cancel_safe()
    sleeping[name][0].join()
    return sleeping[name][1]


actions = {"open": open_session, "query": query, "fail": fail, "cursor": cursor, "copy": copy, "transfer": transfer, "notify": notify, "sleep": sleep, "cancel": cancel}
for line in sys.stdin:
    action, *arguments = line.split()
    try:
        answer = actions[action](*arguments)
    except psycopg.Error as error:
        answer = f"{error.sqlstate or '?'} {str(error).strip().splitlines()[0]}"
    print(answer, flush=True)
