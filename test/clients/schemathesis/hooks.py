import json

import schemathesis


def is_beyond_schemas(code, loc):
    """Whether JSON Schema has no words for this rule."""
    return (
        # The tokens of the prompt with those of `max_tokens`.
        code == "context_length_exceeded"
        # Token ids that the model does not have.
        or code == "invalid_value"
        # A field that the engine does not take.
        or code == "extra_forbidden"
        # `best_of` beside `n` and `stream`.
        or (code == "value_error" and loc == ["body", "best_of"])
    )


@schemathesis.hook
def before_load_schema(context, raw_schema):
    # OpenAPI 3.1 describes the text of a stream. Schemathesis takes that for the description of an event, for which it knows
    # the words of 3.2.
    completion = raw_schema["paths"]["/v1/completions"]["post"]["responses"]["200"]["content"]
    chunk = completion["application/json"]["schema"]
    error = {
        "type": "object",
        "properties": {"error": {"$ref": "#/components/schemas/ErrorObject"}},
        "required": ["error"],
    }
    payload = {"contentMediaType": "application/json", "contentSchema": {"anyOf": [chunk, error]}}
    event = {
        "type": "object",
        "properties": {"data": {"anyOf": [{"const": "[DONE]"}, payload]}},
        "required": ["data"],
    }
    completion["text/event-stream"] = {"itemSchema": event}
    # What `format: int64` says: JavaScript, which writes the document, has no such numbers.
    seed = raw_schema["components"]["schemas"]["CreateCompletionRequest"]["properties"]["seed"]
    seed["minimum"], seed["maximum"] = -(2**63), 2**63 - 1


@schemathesis.check
def a_refusal_has_a_reason_that_no_schema_gives(context, response, case):
    is_valid = case.meta and case.meta.generation.mode.is_positive
    if not is_valid or response.status_code not in (400, 422):
        return
    body = json.loads(response.content)
    if response.status_code == 422:
        reasons = [(issue["type"], issue["loc"]) for issue in body["detail"]]
    else:
        reasons = [(body["error"]["code"], [])]
    for code, loc in reasons:
        assert is_beyond_schemas(code, loc), f"refused for what the schema could say: {response.text}"
