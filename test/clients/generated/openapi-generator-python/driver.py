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


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> Completion:
    configuration = Configuration(os.environ["GATEWAY_URL"], access_token=key)
    return CompletionsApi(ApiClient(configuration)).create_completion(request)


def ask(prompt: object, **fields: object) -> CreateCompletionRequest:
    return CreateCompletionRequest(model="storyteller", prompt=CreateCompletionRequestPrompt(prompt), **fields)


def complete(prompt: object, **fields: object) -> Completion:
    return send(ask(prompt, max_tokens=6, temperature=0, **fields))


def refused(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> ApiException:
    try:
        send(request, key)
    except ApiException as error:
        return error
    raise AssertionError("an error was expected")


completion = complete("Once upon a time")
logprobs = complete([752, 867, 262, 396], logprobs=2).choices[0].logprobs
echoed = complete("The cat", echo=True, logprobs=0).choices[0]
several = complete(["The cat", "My name is"], n=2, stop=CreateCompletionRequestStop(["."]))

asks_too_little = ask("The cat", n=2, best_of=1)
invalid = refused(asks_too_little)
unauthorized = refused(asks_too_little, "wrong")
# `data` is empty, since the client reads no list of issues, though it reads each.
body = json.loads(invalid.body)
issues = [Issue.from_dict(issue) for issue in body["detail"]]

print(
    json.dumps(
        {
            "completion": {
                "text": completion.choices[0].text,
                "finish_reason": completion.choices[0].finish_reason.value,
                "logprobs": completion.choices[0].logprobs,
                "total_tokens": completion.usage.total_tokens,
            },
            "logprobs": {
                "tokens": logprobs.tokens,
                "token_logprobs": logprobs.token_logprobs,
                "top_logprobs": logprobs.top_logprobs,
            },
            "echo": {"text": echoed.text, "token_logprobs": echoed.logprobs.token_logprobs},
            "several": [choice.text for choice in several.choices],
            "invalid": {
                "status": invalid.status,
                "code": ErrorObject.from_dict(body["error"]).code,
                "issues": [[part.actual_instance for part in issue.loc] for issue in issues],
            },
            "unauthorized": {"status": unauthorized.status, "message": unauthorized.data.detail.actual_instance},
        }
    )
)
