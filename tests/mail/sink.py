"""A mail server for tests: takes mail strictly, or answers as it is told, and tells of both on stdout, a JSON object a line.

It prints its port first. On stdin it is told, a line each: `ok`, a reply code such as `451` to give to every mail, `close`
to listen no more, `open` to listen again; it says `{"told": …}` when that holds.
"""

import asyncio
import json
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP

STRICT = policy.SMTP.clone(raise_on_defect=True)


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    reply = None

    async def handle_DATA(self, server, session, envelope):
        if self.reply:
            say(refused=int(self.reply))
            return f"{self.reply} not for {envelope.rcpt_tos[0]}"
        message = message_from_bytes(envelope.content, policy=STRICT)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        headers = {name: str(message[name]) for name in ("From", "To", "Subject", "Message-ID", "Date",
                                                               "List-Unsubscribe", "List-Unsubscribe-Post") if message[name]}
        say(sender=envelope.mail_from, to=envelope.rcpt_tos, headers=headers, parts=parts)
        return "250 taken"


async def main():
    handler, loop = Handler(), asyncio.get_running_loop()
    listen = lambda port: loop.create_server(lambda: SMTP(handler, hostname="sink", loop=loop), "127.0.0.1", port)
    server = await listen(0)
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
            handler.reply = None if line == "ok" else line
        say(told=line)


asyncio.run(main())
