"""The work of scripts/bench-audit: fills both stores, asks the server for pages, and prints the times side by side."""

import http.client
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

PROGRAM, RECORDS, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
POSTGRES = os.environ["STANDPIPE_TEST_POSTGRES_URL"]
DAY = 86_400_000_000
OTHERS = 10_000

# One text for both engines: {series} is a table of n, {blob} makes 32 bytes, {owner} says whose a record is.
FILL = """
INSERT INTO audit_log (id, chain, sequence, identity_id, action_type, actor_id, actor_handle, actor_display_name,
  actor_ip, credential_kind, credential_id, credential_title, user_agent, request_id, target_id, target_handle, data,
  created_at, hash, commitment, salt)
SELECT '{prefix}' || substr('0000000000000000000' || CAST(n AS TEXT), -{width}) || '0', {owner}, n + 100, {owner},
  CASE WHEN n % 1000 = 7 THEN 'token.create' WHEN n % 3 = 0 THEN 'user.update' WHEN n % 3 = 1 THEN 'session.create'
    ELSE 'workspace.connection.open' END,
  {owner}, CASE WHEN n % 5000 = 11 THEN 'operator' ELSE 'bench' END, NULL, '192.0.2.7',
  CASE WHEN n % 4 = 0 THEN 'token' WHEN n % 2000 = 9 THEN 'mail' ELSE 'session' END,
  CASE WHEN n % 4 = 0 THEN 't_0000000000000000000g' ELSE 's_0000000000000000000g' END, NULL,
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  'r_00000000000000000000', NULL, 'dev', '{{"before":{{"display_name":"a"}},"after":{{"display_name":"b"}}}}',
  {end} - ({records} - n) * 5184000, {blob}, {blob}, {blob}
FROM {series}
"""
DAYS = "INSERT INTO audit_days SELECT identity_id, created_at / 86400000000, count(*) FROM audit_log WHERE sequence > 100 GROUP BY 1, 2 ON CONFLICT DO NOTHING"

PAGES = [
    ("first page", ""),
    ("100 records", "limit=100"),
    ("page in the middle", "next_token={middle}"),
    ("last page", "next_token={last}"),
    ("action, every third", "where=action_type = 'user.update'"),
    ("action, one in 1000", "where=action_type = 'token.create'"),
    ("action, none", "where=action_type = 'user.auth.reset'"),
    ("actor, one in 5000", "where=actor_handle = 'operator'"),
    ("credential, a token", "where=credential_id = 't_0000000000000000000g'"),
    ("credential, none", "where=credential_id = 't_none'"),
    ("kind, one in 2000", "where=credential_kind = 'mail'"),
    ("time, a day long ago", "where=created_at >= '{old}' and created_at < '{older}'"),
    ("action, actor and time", "where=action_type = 'user.update' and actor_handle = 'operator' and created_at < '{older}'"),
    ("action and credential, none", "where=action_type = 'user.update' and credential_id = 't_none'"),
    ("two that never meet", "where=action_type = 'token.create' and credential_kind = 'mail'"),
    ("like, none", "where=action_type like 'nothing%'"),
    ("ilike in the client, all", "where=user_agent ilike '%CHROME%'"),
    ("fact, none", "where=data -> 'after' ->> 'display_name' = 'c'"),
    ("deep and unfound", "where=action_type like 'nothing%'&next_token={middle}"),
    ("worst mix", "where=not (user_agent ilike '%chrome%' or data ->> 'x' = 'y') or actor_ip not in ('192.0.2.7')"),
]


def run(directory, url, *arguments, **more):
    names = ("HTTP", "GATEWAY")
    environment = {"PATH": os.environ["PATH"], "STANDPIPE_DATA_DIR": directory, "STANDPIPE_WORKSPACES_LOCAL": "false",
                   "STANDPIPE_LOG_LEVEL": "warn", "STANDPIPE_HTTPS_LISTEN": "off"} | {f"STANDPIPE_{name}_LISTEN": "127.0.0.1:0" for name in names}
    if url:
        environment["STANDPIPE_DATABASE_URL"] = url
    return subprocess.Popen([PROGRAM, *arguments], env=environment, stdout=subprocess.PIPE, text=True, **more)


def ok(directory, url, *arguments):
    process = run(directory, url, *arguments)
    out, _ = process.communicate()
    assert process.returncode == 0, arguments
    return out.strip()


class Store:
    def __init__(self, name, directory):
        self.name, self.directory, self.url = name, os.path.join(directory, name), None
        if name == "PostgreSQL":
            self.psql(POSTGRES, "CREATE DATABASE bench_audit")
            self.url = POSTGRES.replace("/postgres?", "/bench_audit?")
        ok(self.directory, self.url, "admin", "user", "create", "bench", "--email", "bench@example.com")
        self.token = ok(self.directory, self.url, "admin", "token", "create", "bench")

    @staticmethod
    def psql(url, statement):
        subprocess.run(["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", url, "-c", statement], check=True)

    def fill(self):
        end = int(time.time() * 1_000_000)
        postgres = self.name == "PostgreSQL"
        series = f"generate_series(1::bigint, {RECORDS}) AS s(n)" if postgres else (
            f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {RECORDS}) SELECT n FROM s)")
        blob = "decode(repeat('ab', 32), 'hex')" if postgres else "zeroblob(32)"
        common = {"series": series, "blob": blob, "records": RECORDS, "end": end}
        width = 18
        one = FILL.format(prefix="a_0", owner="(SELECT id FROM users)", width=width, **common)
        owner = f"'u_' || substr('0000000000000000000' || CAST(n % {OTHERS} AS TEXT), -19) || 'g'"
        many = FILL.format(prefix="a_1", owner=owner, width=width, **common)
        if postgres:
            fix = lambda text: text.replace("substr(", "right(").replace(f", -{width})", f", {width})").replace(", -19)", ", 19)")
            for statement in (fix(one), fix(many), DAYS, "VACUUM ANALYZE"):
                self.psql(self.url, statement)
        else:
            db = sqlite3.connect(os.path.join(self.directory, "standpipe.db"))
            db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;")
            # Sorted indexes are made faster than they grow.
            indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'audit_log' AND sql LIKE 'CREATE INDEX%'").fetchall()
            drops = [f"DROP INDEX {name}" for name, _ in indexes]
            for statement in [*drops, one, many, *(text for _, text in indexes), DAYS]:
                db.execute(statement)
                db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
        return end

    def serve(self):
        self.process = run(self.directory, self.url, "serve", stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            if "standpipe is ready" in line:
                break
        with open(os.path.join(self.directory, "addresses.json"), encoding="utf-8") as addresses:
            address = json.load(addresses)["http"]
        self.connection = http.client.HTTPConnection(address)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def get(self, path):
        begin = time.perf_counter()
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - begin) * 1000
        while answer.status == 429:
            time.sleep(float(answer.headers["Retry-After"]))
            return self.get(path)
        assert answer.status == 200, (path, body)
        return took, body


def cursor(at):
    import base64
    return base64.urlsafe_b64encode(f"{at}.a_0".encode()).decode().rstrip("=")


def query(text, end):
    at = lambda micros: time.strftime("%Y-%m-%d", time.gmtime(micros / 1_000_000))
    start = end - RECORDS * 5_184_000
    text = text.format(middle=cursor(end - RECORDS // 2 * 5_184_000), last=cursor(start + 60_000_000),
                       old=at(start + 3 * DAY), older=at(start + 4 * DAY))
    if not text:
        return ""
    parts = [tuple(part.split("=", 1)) for part in text.split("&")]
    return "?" + urllib.parse.urlencode(parts)


def chart_statement(store):
    """The chart is of the console; what it reads is this, of an account with the most records."""
    statement = "SELECT day, records FROM audit_days WHERE identity_id = (SELECT id FROM users) AND day BETWEEN {0} AND {1} ORDER BY day"
    today = int(time.time() // 86_400)
    statement = statement.format(today - 29, today)
    begin = time.perf_counter()
    if store.name == "SQLite":
        db = sqlite3.connect(os.path.join(store.directory, "standpipe.db"))
        rows = len(db.execute(statement).fetchall())
        db.close()
    else:
        out = subprocess.run(["psql", "-tAX", store.url, "-c", "\\timing on", "-c", statement], check=True, capture_output=True, text=True).stdout
        return float(out.rsplit("Time:", 1)[1].split()[0])
    assert rows > 1
    return (time.perf_counter() - begin) * 1000


def main():
    directory = tempfile.mkdtemp(prefix="standpipe-bench.")
    stores = [Store("PostgreSQL", directory), Store("SQLite", directory)]
    try:
        ends = {}
        for store in stores:
            begin = time.perf_counter()
            ends[store.name] = store.fill()
            print(f"{store.name}: 2 x {RECORDS} records in {time.perf_counter() - begin:.0f} s", flush=True)
            store.serve()
        print(f"{'slowest and median of ' + str(ROUNDS) + ', ms':32}" + "".join(f"{store.name:>22}" for store in stores))
        slowest = 0.0
        for title, text in PAGES:
            line = f"{title:32}"
            for store in stores:
                path = "/api/latest/user/bench/audit_log" + query(text, ends[store.name])
                store.get(path)
                times = [store.get(path)[0] for _ in range(ROUNDS)]
                slowest = max(slowest, max(times))
                line += f"{max(times):13.1f} {statistics.median(times):8.1f}"
            print(line, flush=True)
        print(f"{'chart, its statement':32}" + "".join(f"{chart_statement(store):22.1f}" for store in stores))
        print(f"slowest page: {slowest:.1f} ms")
    finally:
        for store in stores:
            if hasattr(store, "process"):
                store.stop()
        Store.psql(POSTGRES, "DROP DATABASE IF EXISTS bench_audit WITH (FORCE)")
        subprocess.run(["rm", "-rf", directory], check=True)


main()
