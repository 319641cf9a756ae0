"""A mail server for tests: takes mail strictly, or does what it is told, and tells of it on stdout, a JSON object a line.

It prints its port first. On stdin it is told, a line each, and says `{"told": …}` when it holds:

    ok              take mails
    451             give this reply to every mail
    close, open     listen no more, and again
    slow 0.5        wait so many seconds before each reply to a mail
    deaf            say nothing to who connects
    cut             take the mail and close the connection in place of the reply
    half            close its half of the connection when a mail begins
    garble          answer STARTTLS with what is no TLS
    record …        the DNS record, as a line of a zone file, by which DKIM signatures are verified from now on

Options: `--tls starttls|implicit` with `--cert` and `--key`; `--auth USER:PASSWORD`; `--port`; `--journal FILE` to write
each mail taken as a line of that file, before the reply, in place of telling of it.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import ssl
import sys
import time
from email import message_from_bytes, policy

import dkim
from aiosmtpd.smtp import SMTP, AuthResult

STRICT = policy.SMTP.clone(raise_on_defect=True)
HEADERS = ("From", "Reply-To", "To", "Subject", "Message-ID", "Date", "List-Unsubscribe", "List-Unsubscribe-Post",
           "X-Standpipe-Kind")


def say(**what):
    print(json.dumps(what), flush=True)


class Orders:
    """What it was told."""

    mode = "ok"
    seconds = 0.0
    record = None

    def hear(self, line):
        word, _, rest = line.partition(" ")
        if word == "slow":
            self.mode, self.seconds = "ok", float(rest)
        elif word == "record":
            name, text = rest.split(" IN TXT ")
            self.record = (name.encode(), "".join(re.findall('"([^"]*)"', text)).encode())
        else:
            self.mode, self.seconds = word, 0.0

    def verifies(self, mail):
        name, text = self.record
        return dkim.verify(mail, dnsfunc=lambda asked, timeout=5: text if asked == name else None)


class Handler:
    def __init__(self, orders, journal):
        self.orders = orders
        self.journal = journal and os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle_DATA(self, server, session, envelope):
        mode = self.orders.mode
        await asyncio.sleep(self.orders.seconds)
        if mode.isdigit():
            if not self.journal:
                say(refused=int(mode))
            return f"{mode} not for {envelope.rcpt_tos[0]}"
        self.take(server, session, envelope, mode)
        if mode == "cut":
            server.transport.abort()
        return "250 taken"

    def take(self, server, session, envelope, mode):
        message = message_from_bytes(envelope.content, policy=STRICT)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        headers = {name: str(message[name]) for name in HEADERS if message[name]}
        if self.journal:
            line = dict(id=headers["Message-ID"], to=envelope.rcpt_tos[0], subject=headers["Subject"],
                        at=time.time(), cut=mode == "cut")
            os.write(self.journal, (json.dumps(line) + "\n").encode())
            return
        signed = {"dkim": self.orders.verifies(envelope.original_content)} if self.orders.record else {}
        say(sender=envelope.mail_from, to=envelope.rcpt_tos, headers=headers, parts=parts, peer=session.peer[1],
            tls=server.transport.get_extra_info("ssl_object") is not None, user=session.auth_data, **signed)


class Server(SMTP):
    """The server of one connection."""

    def __init__(self, orders, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders = orders

    async def _handle_client(self):
        while self.orders.mode == "deaf":
            await asyncio.sleep(0.05)
        await super()._handle_client()

    async def smtp_DATA(self, arg):
        if self.orders.mode == "half":
            # It hears on, and says nothing more.
            self.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
            return
        await super().smtp_DATA(arg)

    async def smtp_STARTTLS(self, arg):
        if self.orders.mode == "garble":
            await self.push("220 now comes TLS")
            self.transport.write(b"\x00" * 64)
            self.transport.close()
            return
        await super().smtp_STARTTLS(arg)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["starttls", "implicit"])
    for option in ("--cert", "--key", "--auth", "--journal"):
        parser.add_argument(option)
    parser.add_argument("--port", type=int, default=0)
    return parser.parse_args()


def server_options(given, tls):
    options = dict(hostname="sink", decode_data=False)
    if given.tls == "starttls":
        options |= dict(tls_context=tls, require_starttls=True)
    if given.auth:
        wanted = given.auth.split(":")

        def authenticate(server, session, envelope, mechanism, data):
            said = [data.login.decode(), data.password.decode()]
            return AuthResult(success=said == wanted, handled=False, auth_data=data.login.decode())

        options |= dict(authenticator=authenticate, auth_required=True, auth_require_tls=given.tls == "starttls")
    return options


async def main():
    given, orders, loop = arguments(), Orders(), asyncio.get_running_loop()
    handler = Handler(orders, given.journal)
    tls = None
    if given.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.cert, given.key)
    options = server_options(given, tls)

    async def listen(port):
        make = lambda: Server(orders, handler, loop=loop, **options)
        return await loop.create_server(make, "127.0.0.1", port, ssl=tls if given.tls == "implicit" else None)

    server = await listen(given.port)
    port = server.sockets[0].getsockname()[1]
    say(port=port)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        if line == "close":
            server.close()
        elif line == "open":
            server = await listen(port)
        else:
            orders.hear(line)
        say(told=line)


asyncio.run(main())
