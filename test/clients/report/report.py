import json
from collections.abc import Callable
from enum import Enum


def report(complete: Callable, invalid: dict, unauthorized: dict, **more: object) -> None:
    """Prints what a client reads of the answers to these requests, besides what the driver has read of refusals."""
    completion = complete(prompt="Once upon a time")
    logprobs = complete(prompt=[752, 867, 262, 396], logprobs=2).choices[0].logprobs
    echoed = complete(prompt="The cat", echo=True, logprobs=0).choices[0]
    several = complete(prompt=["The cat", "My name is"], n=2, stop=["."])
    read = {
        "completion": {
            "text": completion.choices[0].text,
            "finish_reason": completion.choices[0].finish_reason,
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
        "invalid": invalid,
        "unauthorized": unauthorized,
        **more,
    }
    print(json.dumps(read, default=plain))


def plain(value: object) -> object:
    """The JSON of an enum's member, or of a map that a client makes an object of."""
    return value.value if isinstance(value, Enum) else value.additional_properties
