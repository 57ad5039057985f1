package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Codes of what can be wrong.
const (
	codeConfigInvalid  abi.Code = "config_invalid"
	codeTemplateFailed abi.Code = "template_failed"
	codeSecretMissing  abi.Code = "secret_missing"   // the class row binds no such variable
	codeUnreachable    abi.Code = "unreachable"      // nothing was sent
	codeDeferred       abi.Code = "deferred"         // the receiver says: later
	codeRefused        abi.Code = "refused"          // the receiver says: never
	codeUnknown        abi.Code = "delivery_unknown" // all was sent, and no answer came
	codeAuthFailed     abi.Code = "auth_failed"
)

func permanent(code abi.Code, format string, args ...any) error {
	return sdk.Permanent(abi.Errorf(code, format, args...))
}

func retry(code abi.Code, format string, args ...any) error {
	return sdk.Retry(abi.Errorf(code, format, args...))
}

// maxWait is the most that a receiver's Retry-After counts.
const maxWait = time.Hour

func retryAfter(d time.Duration, code abi.Code, format string, args ...any) error {
	return sdk.RetryAfter(abi.Errorf(code, format, args...), min(d, maxWait))
}

// judge lets the channel decide what is not known, and hides credentials in what
// a failure says.
func (m *message) judge(err error) error {
	told := (*abi.Error)(nil)
	if !errors.As(err, &told) {
		return retry(codeUnreachable, "%s", m.secrets.hide(err.Error()))
	}
	told.Message = m.secrets.hide(told.Message)
	if told.Code == codeUnknown {
		told.Message = fmt.Sprintf("whether %s accepted it is not known: %s", m.name, told.Message)
		if m.channel.WhenUnsure == "fail" {
			return sdk.Permanent(told)
		}
		told.Message += "; the next attempt has the same id, " + m.id
	}
	return err
}

// clip shortens the words of a receiver to what an operator reads.
func clip(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
