package main

import (
	"encoding/json"
	"errors"
	"maps"
)

// dialect is how an endpoint wants to be asked, and answers.
type dialect interface {
	headers() map[string]string
	// request is the body that asks for the next message of a conversation.
	request(a *agent, maxTokens int64) map[string]any
	// read is the message in an answer.
	read(body []byte) (reply, error)
}

// reply is an answer of the model.
type reply struct {
	message
	stop string // empty: it says all that it wants to say
}

// Reasons for an answer that says less.
const (
	stopLength  = "length"
	stopRefused = "refused"
)

// Names of the dialects.
const (
	dialectOpenAI    = "openai"
	dialectAnthropic = "anthropic"
)

func newDialect(name string) dialect {
	if name == dialectAnthropic {
		return anthropic{}
	}
	return openAI{}
}

// encode is the request with the parameters that the operator added.
func encode(request map[string]any, c *config) ([]byte, error) {
	if c.Temperature != nil {
		request["temperature"] = *c.Temperature
	}
	all := make(map[string]any, len(request)+len(c.Parameters))
	maps.Copy(all, request)
	for name, value := range c.Parameters {
		all[name] = value
	}
	return json.Marshal(all)
}

var errNoUsage = errors.New("it does not say how many tokens it took, so no budget of tokens can be kept")

// counted refuses numbers that would make a budget larger.
func counted(input, output *int64) (*usage, error) {
	if input == nil || output == nil || *input < 0 || *output < 0 || *input > 1<<40 || *output > 1<<40 {
		return nil, errNoUsage
	}
	return &usage{*input, *output}, nil
}
