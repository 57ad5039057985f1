package main

import (
	"cmp"
	"context"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Types of channels.
const (
	typeMail    = "mail"
	typeWebhook = "webhook"
	typeChat    = "chat"
)

// config is what the operator wrote into the class row. It names variables of the
// environment that hold credentials; none stands in it.
type config struct {
	Channels map[string]channel `json:"channels" doc:"by the names that payloads use"`
	Notices  map[string]notice  `json:"notices,omitempty" doc:"by the names that payloads use; a webhook needs none"`
}

// channel is a way to tell somebody.
type channel struct {
	Type       string `json:"type" doc:"mail, webhook or chat"`
	TimeoutMS  int64  `json:"timeout_ms,omitempty" doc:"of one delivery; absent: 20 seconds"`
	WhenUnsure string `json:"when_unsure,omitempty" doc:"when nobody knows whether it was accepted: retry (absent: that), with the same id; or fail"`

	// Of e-mail.
	Host     string   `json:"host,omitempty" doc:"of the SMTP server"`
	Port     int      `json:"port,omitempty" doc:"absent: 587 for starttls, 465 for tls, 25 for none"`
	Security string   `json:"security,omitempty" doc:"starttls (absent: that), tls or none"`
	CA       string   `json:"ca,omitempty" doc:"certificates of who signed the server's, PEM; absent: the system's"`
	From     string   `json:"from,omitempty" doc:"Name <address>"`
	ReplyTo  string   `json:"reply_to,omitempty"`
	Domains  []string `json:"domains,omitempty" doc:"of addresses that may be written to; absent: any"`
	Username string   `json:"username,omitempty"`
	Password string   `json:"password,omitempty" doc:"name of the variable that holds it"`

	// Of webhooks and chats.
	URL    string `json:"url,omitempty" doc:"of a webhook"`
	Secret string `json:"secret,omitempty" doc:"name of the variable that holds a webhook's secrets (whsec_…, separated by blanks; each signs), or the URL of a chat"`
	Style  string `json:"style,omitempty" doc:"of a chat: slack, mattermost or discord"`
}

// notice is a message as templates: Go's text/template, html/template for HTML.
type notice struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`
	Chat    string `json:"chat,omitempty" doc:"absent: text"`
}

func readConfig(ctx context.Context) (config, error) {
	c, err := sdk.Config[config](ctx)
	if err != nil {
		return c, permanent(codeConfigInvalid, "the class's config can't be used: %v", err)
	}
	return c, nil
}

// check finds what can be found wrong before anything is sent.
func (c config) check(r recipient, noticeName string) error {
	ch, ok := c.Channels[r.Channel]
	if !ok {
		return permanent(abi.CodePayloadInvalid, "there is no channel %q: the class's config has %s", r.Channel, names(c.Channels))
	}
	n, ok := c.Notices[noticeName]
	switch {
	case noticeName == "":
		return permanent(abi.CodePayloadInvalid, "notice is empty: it says what to tell")
	case !ok && ch.Type != typeWebhook:
		return permanent(abi.CodePayloadInvalid, "there is no notice %q: the class's config has %s", noticeName, names(c.Notices))
	case ch.Type == typeMail:
		return ch.checkMail(r, n)
	case r.Address != "":
		return permanent(abi.CodePayloadInvalid, "channel %s is no e-mail: it has an address of its own, and takes none", r.Channel)
	case ch.Type == typeChat && cmp.Or(n.Chat, n.Text) == "":
		return permanent(codeConfigInvalid, "notice %s has no chat and no text", noticeName)
	}
	return ch.checkHTTP(r.Channel)
}

func (ch channel) checkMail(r recipient, n notice) error {
	address, err := mail.ParseAddress(r.Address)
	switch {
	case err != nil:
		return permanent(abi.CodePayloadInvalid, "%.100q is no address of e-mail: %v", r.Address, err)
	case !ch.mayWriteTo(address.Address):
		return permanent(abi.CodePayloadInvalid, "channel %s writes to addresses of %s only", r.Channel, strings.Join(ch.Domains, ", "))
	case ch.Host == "" || ch.From == "":
		return permanent(codeConfigInvalid, "channel %s needs host and from", r.Channel)
	case ch.Security == "none" && ch.Password != "":
		return permanent(codeConfigInvalid, "channel %s would send its password in the clear: set security to starttls or tls", r.Channel)
	case !slices.Contains([]string{"", "starttls", "tls", "none"}, ch.Security):
		return permanent(codeConfigInvalid, "security of channel %s is %q: want starttls, tls or none", r.Channel, ch.Security)
	case n.Subject == "" || n.Text == "" && n.HTML == "":
		return permanent(codeConfigInvalid, "a notice for channel %s needs subject, and text or html", r.Channel)
	}
	return nil
}

func (ch channel) mayWriteTo(address string) bool {
	domain := address[strings.LastIndex(address, "@")+1:]
	return len(ch.Domains) == 0 || slices.ContainsFunc(ch.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

func (ch channel) checkHTTP(name string) error {
	switch {
	case ch.Secret == "":
		return permanent(codeConfigInvalid, "channel %s needs secret, the name of a variable", name)
	case ch.Type == typeChat && !slices.Contains(styles(), ch.Style):
		return permanent(codeConfigInvalid, "style of channel %s is %q: want one of %s", name, ch.Style, strings.Join(styles(), ", "))
	case ch.Type == typeWebhook:
		return checkURL(ch.URL, name)
	}
	return nil
}

// checkURL takes what net/http would send to. The message does not quote it: a
// chat's is a secret.
func checkURL(text, channel string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return permanent(codeConfigInvalid, "the URL of channel %s is not one of https or http", channel)
	}
	return nil
}

func (ch channel) timeout() time.Duration {
	if ch.TimeoutMS <= 0 {
		return 20 * time.Second
	}
	return time.Duration(min(ch.TimeoutMS, int64(time.Hour/time.Millisecond))) * time.Millisecond
}

func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}
