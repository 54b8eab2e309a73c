package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type prompt = openai.CompletionNewParamsPromptUnion

func clientOf(key string) openai.Client {
	url := option.WithBaseURL(os.Getenv("GATEWAY_URL") + "/v1/")
	return openai.NewClient(url, option.WithAPIKey(key), option.WithMaxRetries(0))
}

var client = clientOf(os.Getenv("API_KEY"))

func asked(params openai.CompletionNewParams) openai.CompletionNewParams {
	params.Model, params.MaxTokens, params.Temperature = "storyteller", openai.Int(6), openai.Float(0)
	return params
}

func complete(params openai.CompletionNewParams) *openai.Completion {
	completion, err := client.Completions.New(context.Background(), asked(params))
	if err != nil {
		panic(err)
	}
	return completion
}

func refused(client openai.Client) *openai.Error {
	params := asked(openai.CompletionNewParams{Prompt: text("The cat"), N: openai.Int(2), BestOf: openai.Int(1)})
	_, err := client.Completions.New(context.Background(), params)
	var refusal *openai.Error
	if !errors.As(err, &refusal) {
		panic(err)
	}
	return refusal
}

func text(text string) prompt {
	return prompt{OfString: openai.String(text)}
}

// What the response holds beside the error that the package reads.
func issuesOf(refusal *openai.Error) [][]string {
	var body struct{ Detail []struct{ Loc []string } }
	if err := json.NewDecoder(refusal.Response.Body).Decode(&body); err != nil {
		panic(err)
	}
	issues := [][]string{}
	for _, issue := range body.Detail {
		issues = append(issues, issue.Loc)
	}
	return issues
}

func main() {
	completion := complete(openai.CompletionNewParams{Prompt: text("Once upon a time")})

	streamed := ""
	params := asked(openai.CompletionNewParams{Prompt: text("Once upon a time")})
	stream := client.Completions.NewStreaming(context.Background(), params)
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			streamed += choice.Text
		}
	}
	if stream.Err() != nil {
		panic(stream.Err())
	}

	ids := prompt{OfArrayOfTokens: []int64{752, 867, 262, 396}}
	logprobs := complete(openai.CompletionNewParams{Prompt: ids, Logprobs: openai.Int(2)}).Choices[0].Logprobs
	withEcho := openai.CompletionNewParams{Prompt: text("The cat"), Echo: openai.Bool(true), Logprobs: openai.Int(0)}
	echoed := complete(withEcho).Choices[0]
	// The package has no null in a list of numbers: that of the first token reads as 0, and is in its raw JSON.
	var echoedLogprobs struct {
		TokenLogprobs []*float64 `json:"token_logprobs"`
	}
	if err := json.Unmarshal([]byte(echoed.Logprobs.RawJSON()), &echoedLogprobs); err != nil {
		panic(err)
	}
	several := []string{}
	for _, choice := range complete(openai.CompletionNewParams{
		Prompt: prompt{OfArrayOfStrings: []string{"The cat", "My name is"}},
		N:      openai.Int(2),
		Stop:   openai.CompletionNewParamsStopUnion{OfStringArray: []string{"."}},
	}).Choices {
		several = append(several, choice.Text)
	}
	invalid, unauthorized := refused(client), refused(clientOf("wrong"))

	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"completion": map[string]any{
			"text":          completion.Choices[0].Text,
			"finish_reason": completion.Choices[0].FinishReason,
			"logprobs":      json.RawMessage(completion.Choices[0].JSON.Logprobs.Raw()),
			"total_tokens":  completion.Usage.TotalTokens,
		},
		"stream": streamed,
		"logprobs": map[string]any{
			"tokens":         logprobs.Tokens,
			"token_logprobs": logprobs.TokenLogprobs,
			"top_logprobs":   logprobs.TopLogprobs,
		},
		"echo":    map[string]any{"text": echoed.Text, "token_logprobs": echoedLogprobs.TokenLogprobs},
		"several": several,
		"invalid": map[string]any{
			"status": invalid.StatusCode,
			"code":   invalid.Code,
			"issues": issuesOf(invalid),
		},
		"unauthorized": map[string]any{"status": unauthorized.StatusCode, "message": unauthorized.Message},
	})
	if err != nil {
		panic(err)
	}
}
