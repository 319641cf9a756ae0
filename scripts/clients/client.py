"""A day of a client that openapi-python-client made of the API's document."""

import os

from standpipe_client import AuthenticatedClient
from standpipe_client.api.account import get_actor
from standpipe_client.api.preferences import get_preferences, update_preferences
from standpipe_client.api.tokens import create_token, delete_token, list_tokens
from standpipe_client.models import Choice, ErrorModel, NewTokenRequest, UpdatePreferencesRequest

handle = os.environ["STANDPIPE_HANDLE"]
client = AuthenticatedClient(base_url=os.environ["STANDPIPE_BASE"], token=os.environ["STANDPIPE_TOKEN"])

assert get_actor.sync(client=client).handle == handle
before = list_tokens.sync(handle, client=client).items
made = create_token.sync(handle, client=client, body=NewTokenRequest(title="python", expiration=3600))
assert made.token.startswith("tpt_") and made.title == "python", made
after = list_tokens.sync(handle, client=client).items
assert {token.id for token in after} == {token.id for token in before} | {made.id}
assert delete_token.sync_detailed(handle, made.id, client=client).status_code == 204

wanted = UpdatePreferencesRequest(communication_tips_and_tricks=Choice.DISABLED)
changed = update_preferences.sync(handle, client=client, body=wanted)
assert changed.communication_tips_and_tricks == Choice.DISABLED, changed
assert get_preferences.sync(handle, client=client).version_id == changed.version_id

refused = create_token.sync(handle, client=client, body=NewTokenRequest(expiration=1))
assert isinstance(refused, ErrorModel) and refused.validation_errors[0].location == "expiration", refused
print("the Python client works")
