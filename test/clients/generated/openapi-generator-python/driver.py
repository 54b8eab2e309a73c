import json
import os

from openapi_client import ApiClient, ApiException, CompletionsApi, Configuration
from openapi_client.models import (
    Completion,
    CreateCompletionRequest,
    CreateCompletionRequestPrompt,
    CreateCompletionRequestStop,
    ErrorObject,
    Issue,
)
from report import report


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> Completion:
    configuration = Configuration(os.environ["GATEWAY_URL"], access_token=key)
    return CompletionsApi(ApiClient(configuration)).create_completion(request)


def ask(prompt: object, **fields: object) -> CreateCompletionRequest:
    return CreateCompletionRequest(model="storyteller", prompt=CreateCompletionRequestPrompt(prompt), **fields)


def complete(prompt: object, stop: list[str] | None = None, **fields: object) -> Completion:
    if stop is not None:
        fields["stop"] = CreateCompletionRequestStop(stop)
    return send(ask(prompt, max_tokens=6, temperature=0, **fields))


def refused(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> ApiException:
    try:
        send(request, key)
    except ApiException as error:
        return error
    raise AssertionError("an error was expected")


asks_too_little = ask("The cat", n=2, best_of=1)
invalid = refused(asks_too_little)
unauthorized = refused(asks_too_little, "wrong")
# `data` is empty, since the client reads no list of issues, though it reads each.
body = json.loads(invalid.body)
issues = [Issue.from_dict(issue) for issue in body["detail"]]

report(
    complete,
    invalid={
        "status": invalid.status,
        "code": ErrorObject.from_dict(body["error"]).code,
        "issues": [[part.actual_instance for part in issue.loc] for issue in issues],
    },
    unauthorized={"status": unauthorized.status, "message": unauthorized.data.detail.actual_instance},
)
