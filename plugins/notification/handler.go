package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// in is the payload.
type in struct {
	Notice string          `json:"notice" doc:"what to tell: a name in the class's notices; of a webhook the type"`
	To     []recipient     `json:"to" doc:"whom; each is a job of its own"`
	Data   json.RawMessage `json:"data,omitempty" doc:"an object: what the notice's templates show"`
}

// recipient is whom to tell, and by which channel.
type recipient struct {
	Channel string          `json:"channel" doc:"a name in the class's channels"`
	Address string          `json:"address,omitempty" doc:"of an e-mail channel; the others have one of their own"`
	Data    json.RawMessage `json:"data,omitempty" doc:"an object: what is different for this recipient"`
}

// out is the output: of a delivery what was accepted, else into how many jobs it fell.
type out struct {
	Channel  string `json:"channel,omitempty"`
	ID       string `json:"id,omitempty" doc:"by which the receiver knows it: Message-ID, or webhook-id"`
	Response string `json:"response,omitempty" doc:"the receiver's own words"`
	Jobs     int    `json:"jobs,omitempty" doc:"one for each recipient; or each for a part of them"`
}

// notifier is what all attempts share.
type notifier struct {
	env  func(string) (string, bool) // credentials, which the class row binds
	http *http.Client
}

func newNotifier(env func(string) (string, bool)) *notifier {
	return &notifier{env: env, http: newClient()}
}

func (n *notifier) handle(ctx context.Context, p in) (out, error) {
	c, err := readConfig(ctx)
	if err != nil {
		return out{}, err
	}
	recipients := distinct(p.To)
	for _, r := range recipients { // all of them, before the first job of theirs is there
		if err := c.check(r, p.Notice); err != nil {
			return out{}, err
		}
	}
	switch len(recipients) {
	case 0:
		return out{}, permanent(abi.CodePayloadInvalid, "there is nobody to tell: to is empty")
	case 1:
		return n.deliver(ctx, c, p, recipients[0])
	}
	return fanOut(ctx, p, recipients)
}

// message is one notice for one recipient.
type message struct {
	job     abi.Job
	channel channel
	name    string // of the channel
	notice  string
	form    notice // its templates
	address string
	data    map[string]any
	id      string
	secrets *secrets
}

// deliver is one attempt at telling one recipient.
func (n *notifier) deliver(ctx context.Context, c config, p in, r recipient) (out, error) {
	data, err := merged(p.Data, r.Data)
	if err != nil {
		return out{}, err
	}
	job := sdk.JobFrom(ctx)
	m := message{
		job: job, channel: c.Channels[r.Channel], name: r.Channel, notice: p.Notice, form: c.Notices[p.Notice], address: r.Address, data: data,
		id: idOf(job, r), secrets: &secrets{env: n.env},
	}
	ctx, cancel := context.WithTimeout(ctx, m.channel.timeout())
	defer cancel()
	response, err := m.send(ctx, n.http)
	if err != nil {
		return out{}, m.judge(err)
	}
	sdk.Logger(ctx).Info("accepted", "channel", m.name, "id", m.id)
	return out{Channel: m.name, ID: m.id, Response: m.secrets.hide(clip(response))}, nil
}

func (m *message) send(ctx context.Context, client *http.Client) (response string, err error) {
	switch m.channel.Type {
	case typeMail:
		return m.mail(ctx)
	case typeWebhook:
		return m.webhook(ctx, client)
	case typeChat:
		return m.chat(ctx, client)
	}
	return "", permanent(codeConfigInvalid, "channel %s is of type %q: want mail, webhook or chat", m.name, m.channel.Type)
}
