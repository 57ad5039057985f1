package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// style is how a kind of chat takes messages from outside.
type style struct {
	most   int                   // characters that it takes
	escape func(string) string   // of data, so that it stays text
	body   func(text string) any // of the request
}

func styleOf(name string) style {
	plain := func(s string) string { return s }
	switch name {
	case "slack":
		return style{40_000, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace, func(text string) any { return map[string]any{"text": text} }}
	case "mattermost": // a mention needs its @ at the beginning of a word
		return style{16_383, strings.NewReplacer("@", "@\u200b").Replace, func(text string) any { return map[string]any{"text": text} }}
	}
	return style{2_000, plain, func(text string) any { // Discord: nobody is called by what data says
		return map[string]any{"content": text, "allowed_mentions": map[string]any{"parse": []string{}}}
	}}
}

func styles() []string { return []string{"slack", "mattermost", "discord"} }

// chat posts the notice to a chat's incoming webhook, whose URL is the credential.
func (m *message) chat(ctx context.Context, client *http.Client) (string, error) {
	to, err := m.secrets.get(m.channel.Secret)
	if err != nil {
		return "", err
	}
	if err := checkURL(to, m.name); err != nil {
		return "", err
	}
	s := styleOf(m.channel.Style)
	text, err := m.text("chat", cmp.Or(m.form.Chat, m.form.Text), escaped(m.data, s.escape))
	if err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(text); n > s.most {
		return "", permanent(codeTemplateFailed, "notice %s has %d characters: %s takes %d", m.notice, n, m.channel.Style, s.most)
	}
	body, err := encode(s.body(text))
	if err != nil {
		return "", fmt.Errorf("encode the message: %w", err)
	}
	return m.post(ctx, client, to, body, map[string]string{"Idempotency-Key": m.id})
}

// escaped is data whose texts mean nothing to a chat but themselves.
func escaped(v any, escape func(string) string) any {
	switch v := v.(type) {
	case string:
		return escape(v)
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, inner := range v {
			copied[key] = escaped(inner, escape)
		}
		return copied
	case []any:
		copied := slices.Clone(v)
		for i := range copied {
			copied[i] = escaped(copied[i], escape)
		}
		return copied
	}
	return v
}
