"""What Schemathesis must know of the run's own account, so as not to end it, and of formats that are not JSON."""

import json
import os
import re
import struct
import zlib

import schemathesis
from hypothesis import strategies as st

TOKEN = os.environ.get("STANDPIPE_TOKEN", "")
# The id in paths of the token that the run itself uses.
OWN = "t_" + TOKEN.split("_")[1] if TOKEN else None


@schemathesis.hook
def before_call(context, case, kwargs):
    """No call ends the token of the run, resets its account's authentication, or renames it."""
    if OWN is None:
        return
    if case.method != "GET" and OWN in (case.path_parameters or {}).values():
        case.path_parameters["token"] = "t_" + "0" * 20
    if case.operation.label == "PATCH /user/{user}" and isinstance(case.body, dict):
        for field, valid in (("token_min_issued_at", r"\d{4}-\d\d-\d\d"), ("handle", r"[a-z0-9-]+")):
            if re.match(valid, str(case.body.get(field, ""))):
                del case.body[field]


def chunk(name, data):
    whole = name + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(color):
    """A picture of one colour."""
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(color) * 4 for _ in range(4)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


schemathesis.openapi.format("binary", st.tuples(*[st.integers(0, 255)] * 3).map(png))


@schemathesis.deserializer("application/json")
def read(context, response):
    """JSON; but lines of it, which the name of their type makes look like JSON, are the text that the document calls them."""
    if "jsonlines" not in response.headers["content-type"][0]:
        return response.json()
    for line in response.text.splitlines():
        json.loads(line)
    return response.text
