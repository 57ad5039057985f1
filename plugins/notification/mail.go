package main

import (
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/lessee-run/lessee/abi"
)

// letter makes the e-mail. It is the same in every attempt, up to Message-ID,
// Date and boundaries: a receiver that got it twice sees that.
func (m *message) letter() (*gomail.Msg, error) {
	from, err := mail.ParseAddress(m.channel.From)
	if err != nil {
		return nil, permanent(codeConfigInvalid, "from of channel %s is no address: %v", m.name, err)
	}
	l := gomail.NewMsg(gomail.WithBoundary("b-"+m.id), gomail.WithNoDefaultUserAgent())
	if err := l.From(from.String()); err != nil {
		return nil, permanent(codeConfigInvalid, "from of channel %s: %v", m.name, err)
	}
	if err := l.To(m.address); err != nil {
		return nil, permanent(abi.CodePayloadInvalid, "%.100q is no address that mail can be sent to: %v", m.address, err)
	}
	if m.channel.ReplyTo != "" {
		if err := l.ReplyTo(m.channel.ReplyTo); err != nil {
			return nil, permanent(codeConfigInvalid, "reply_to of channel %s: %v", m.name, err)
		}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	m.id = m.id + "@" + domain
	l.SetMessageIDWithValue(m.id)
	l.SetDateWithValue(m.job.EnqueuedAt)
	l.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office answers, please: RFC 3834
	return l, m.write(l)
}

// write renders the notice into the letter.
func (m *message) write(l *gomail.Msg) error {
	subject, err := m.text("subject", m.form.Subject, m.data)
	if err != nil {
		return err
	}
	l.Subject(strings.Join(strings.Fields(subject), " ")) // a line break would end the header
	bodies := 0
	for _, part := range []struct {
		name, source string
		render       func(part, source string, data any) (string, error)
		kind         gomail.ContentType
	}{
		{"text", m.form.Text, m.text, gomail.TypeTextPlain},
		{"html", m.form.HTML, m.html, gomail.TypeTextHTML},
	} {
		if part.source == "" {
			continue
		}
		body, err := part.render(part.name, part.source, m.data)
		if err != nil {
			return err
		}
		if bodies++; bodies == 1 {
			l.SetBodyString(part.kind, body)
		} else {
			l.AddAlternativeString(part.kind, body)
		}
	}
	return nil
}
