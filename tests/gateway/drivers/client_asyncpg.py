"""asyncpg, told what to do line by line; see tests/gateway/drivers.rs."""

import asyncio
import hashlib
import os
import socket
import ssl
import sys

import asyncpg

env = os.environ
sessions = {}
sleeping = {}
resolve = socket.getaddrinfo
# The workspace's name is known to no resolver here.
socket.getaddrinfo = lambda host, *more, **named: resolve(env["DB_ADDRESS"] if host == env["DB_HOST"] else host, *more, **named)


async def open_session(name, way, password):
    trust = ssl.create_default_context(cafile=env["DB_CA"])
    ways = {
        "host": {"host": env["DB_HOST"], "ssl": trust},
        "direct": {"host": env["DB_HOST"], "ssl": trust, "direct_tls": True},
        "name": {"host": env["DB_ADDRESS"], "ssl": False},
    }
    if way == "direct":
        trust.set_alpn_protocols(["postgresql"])
    sessions[name] = await asyncpg.connect(
        **ways[way],
        port=int(env["DB_PORT"]),
        user=env["DB_USER"],
        password=password,
        database=env["DB_NAME"],
        server_settings={"application_name": "asyncpg"},
    )
    return "ok"


async def query(name):
    statement = await sessions[name].prepare("SELECT $1::int * 2, $2::text || 'e', $3::int[]")
    for _ in range(3):
        row = await statement.fetchrow(21, "grüß", [1, 2])
    return f"{row[0]} {row[1]} {row[2][1]}"


async def fail(name):
    session, states = sessions[name], []
    await session.execute("CREATE TEMP TABLE IF NOT EXISTS kept (n int)")
    await session.execute("BEGIN")
    await session.execute("INSERT INTO kept VALUES (1)")
    for statement in ("SELECT 1 / 0", "SELECT 1"):
        try:
            await session.execute(statement)
        except asyncpg.PostgresError as error:
            states.append(error.sqlstate)
    await session.execute("ROLLBACK")
    return f"{' '.join(states)} {await session.fetchval('SELECT count(*) FROM kept')}"


async def cursor(name):
    async with sessions[name].transaction():
        found = [row[0] async for row in sessions[name].cursor("SELECT generate_series(1, 1000)", prefetch=100)]
    return f"{len(found)} {sum(found)}"


async def copy(name):
    session, back = sessions[name], []
    lines = [(str(n), f"grüße\t{n}\n\\") for n in range(10_000)]
    await session.execute("CREATE TEMP TABLE IF NOT EXISTS lines (n text, line text)")
    await session.copy_records_to_table("lines", records=lines)
    back = [tuple(row) for row in await session.fetch("SELECT * FROM lines")]
    out = []

    async def take(part):
        out.append(part)

    await session.copy_from_query("SELECT * FROM lines", output=take)
    same = back == lines and b"".join(out).count(b"\n") == len(lines)
    return f"{len(back)} {'same' if same else 'other'}"


async def transfer(name, mib):
    session, sent, back = sessions[name], hashlib.sha256(), hashlib.sha256()
    line = bytes(32 + n * 7 % 59 for n in range(65_536))
    await session.execute("DROP TABLE IF EXISTS pg_temp.moved")
    await session.execute("CREATE TEMP TABLE moved (n int, line text)")

    async def parts():
        for n in range(int(mib) * 16):
            part = b"%d\t%b%b\n" % (n, line[n % 97 :], line[: n % 97])
            sent.update(part)
            yield part

    async def take(part):
        back.update(part)

    await session.copy_to_table("moved", source=parts(), timeout=None)
    await session.copy_from_query("SELECT * FROM moved", output=take, timeout=None)
    return "same" if sent.digest() == back.digest() else "other"


async def notify(name):
    heard = asyncio.get_running_loop().create_future()
    await sessions[name].add_listener("news", lambda *told: heard.done() or heard.set_result(told[-1]))
    await sessions[name].execute("NOTIFY news, 'grüße'")
    return await asyncio.wait_for(heard, 30)


async def sleep(name):
    sleeping[name] = asyncio.create_task(sessions[name].execute("SELECT pg_sleep(600) /* driver */"))
    return "ok"


async def cancel(name):
    # asyncpg sends the request of the protocol when who waits for a statement goes away; the session lives on.
    sleeping[name].cancel()
    try:
        await sleeping[name]
    except asyncio.CancelledError:
        pass
    return "57014" if await sessions[name].fetchval("SELECT 1") == 1 else "?"


actions = {"open": open_session, "query": query, "fail": fail, "cursor": cursor, "copy": copy, "transfer": transfer, "notify": notify, "sleep": sleep, "cancel": cancel}


async def main():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        action, *arguments = line.split()
        try:
            answer = await actions[action](*arguments)
        except asyncpg.PostgresError as error:
            answer = f"{error.sqlstate} {error}".splitlines()[0]
        except Exception as error:
            answer = f"? {error!r}"
        print(answer, flush=True)


asyncio.run(main())
