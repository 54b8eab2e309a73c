package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func send(request CreateCompletionRequest, key string) *CreateCompletionResponse {
	authorize := func(_ context.Context, sent *http.Request) error {
		sent.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
	client := must(NewClientWithResponses(os.Getenv("GATEWAY_URL"), WithRequestEditorFn(authorize)))
	return must(client.CreateCompletionWithResponse(context.Background(), nil, request))
}

func complete(request CreateCompletionRequest) Completion {
	maxTokens, temperature := int64(6), 0.0
	request.Model, request.MaxTokens, request.Temperature = "storyteller", &maxTokens, &temperature
	return *send(request, os.Getenv("API_KEY")).JSON200
}

func text(prompt string) (union CreateCompletionRequest_Prompt) {
	must(0, union.FromCreateCompletionRequestPrompt0(prompt))
	return union
}

func main() {
	none, one, two, yes := 0, 1, 2, true
	var ids, texts CreateCompletionRequest_Prompt
	must(0, ids.FromCreateCompletionRequestPrompt2([]int{752, 867, 262, 396}))
	must(0, texts.FromCreateCompletionRequestPrompt1([]string{"The cat", "My name is"}))
	var stop CreateCompletionRequest_Stop
	must(0, stop.FromCreateCompletionRequestStop1([]string{"."}))

	completion := complete(CreateCompletionRequest{Prompt: text("Once upon a time")})
	logprobs := complete(CreateCompletionRequest{Prompt: ids, Logprobs: &two}).Choices[0].Logprobs
	echoed := complete(CreateCompletionRequest{Prompt: text("The cat"), Echo: &yes, Logprobs: &none}).Choices[0]
	several := []string{}
	for _, choice := range complete(CreateCompletionRequest{Prompt: texts, N: &two, Stop: &stop}).Choices {
		several = append(several, choice.Text)
	}

	asksTooLittle := CreateCompletionRequest{Model: "storyteller", Prompt: text("The cat"), N: &two, BestOf: &one}
	invalid := send(asksTooLittle, os.Getenv("API_KEY"))
	issues := [][]IssueLoc0{}
	for _, issue := range must(invalid.JSON422.Detail.AsErrorBodyDetail1()) {
		loc := []IssueLoc0{}
		for _, part := range issue.Loc {
			loc = append(loc, must(part.AsIssueLoc0()))
		}
		issues = append(issues, loc)
	}
	unauthorized := send(asksTooLittle, "wrong")

	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"completion": map[string]any{
			"text":          completion.Choices[0].Text,
			"finish_reason": completion.Choices[0].FinishReason,
			"logprobs":      completion.Choices[0].Logprobs,
			"total_tokens":  completion.Usage.TotalTokens,
		},
		"logprobs": map[string]any{
			"tokens":         logprobs.Tokens,
			"token_logprobs": logprobs.TokenLogprobs,
			"top_logprobs":   logprobs.TopLogprobs,
		},
		"echo":    map[string]any{"text": echoed.Text, "token_logprobs": echoed.Logprobs.TokenLogprobs},
		"several": several,
		"invalid": map[string]any{
			"status": invalid.StatusCode(),
			"code":   invalid.JSON422.Error.Code,
			"issues": issues,
		},
		"unauthorized": map[string]any{
			"status":  unauthorized.StatusCode(),
			"message": must(unauthorized.JSON401.Detail.AsErrorBodyDetail0()),
		},
	}))
}
