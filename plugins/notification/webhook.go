package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// event is the body of a webhook.
type event struct {
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"` // of the notice; that of the attempt is in the header
	Data      map[string]any `json:"data"`
}

// webhook posts an event, signed as Standard Webhooks has it.
// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func (m *message) webhook(ctx context.Context, client *http.Client) (string, error) {
	secret, err := m.secrets.get(m.channel.Secret)
	if err != nil {
		return "", err
	}
	body, err := encode(event{m.notice, m.job.EnqueuedAt.UTC(), m.data})
	if err != nil {
		return "", fmt.Errorf("encode the webhook: %w", err)
	}
	m.id = "msg_" + m.id
	now := strconv.FormatInt(time.Now().Unix(), 10)
	signatures, err := m.sign(secret, m.id+"."+now+"."+string(body))
	if err != nil {
		return "", err
	}
	return m.post(ctx, client, m.channel.URL, body, map[string]string{
		"webhook-id": m.id, "webhook-timestamp": now, "webhook-signature": signatures, "Idempotency-Key": m.id,
	})
}

// sign gives a signature for each secret, so that a receiver may change from one
// to the other in its own time.
func (m *message) sign(secrets, content string) (string, error) {
	var out []string
	for _, secret := range strings.Fields(secrets) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 16 {
			return "", permanent(codeConfigInvalid, "a secret of channel %s is not whsec_ and at least 16 bytes in base64", m.name)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(content))
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}

// encode leaves < and > as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
