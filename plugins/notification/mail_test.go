package main

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

var thirdJob = abi.Job{ID: 3, Class: "notification", Attempt: 1, MaxAttempts: 5, EnqueuedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Deadline: time.Now().Add(time.Minute)}

// notices are those of the tests.
func notices() map[string]notice {
	return map[string]notice{"shipped": {
		Subject: "Order {{.order}} is on its way",
		Text:    "Dear {{.name}},\n{{range .lines}}- {{.}}\n{{end}}Total {{.total}}",
		HTML:    "<p>Dear {{.name}}</p>",
		Chat:    "Order {{.order}} of {{.name}}",
	}}
}

const shipped = `{"order": 12345678, "name": "Ann <b>", "lines": ["a cup", "a saucer"], "total": 12.5}`

// tellAnn is a notice for one address of e-mail.
func tellAnn() in {
	return in{Notice: "shipped", To: []recipient{{Channel: "mail", Address: "ann@example.com"}}, Data: []byte(shipped)}
}

func mailConfig(p *postbox, change func(*channel)) config {
	c := channel{Type: "mail", Host: "127.0.0.1", Port: p.port, From: "The Shop <shop@example.com>", CA: p.ca, TimeoutMS: 10_000}
	if change != nil {
		change(&c)
	}
	return config{Channels: map[string]channel{"mail": c}, Notices: notices()}
}

// run is an attempt; env are the variables of the process.
func run(t *testing.T, c config, p in, env map[string]string, options ...sdktest.Option) *sdktest.Attempt[out] {
	t.Helper()
	n := newNotifier(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	return sdktest.Run(t, n.handle, p, append([]sdktest.Option{sdktest.Config(c), sdktest.Job(thirdJob)}, options...)...)
}

func wantError(t *testing.T, got *sdktest.Attempt[out], status abi.Status, code abi.Code, words ...string) {
	t.Helper()
	if got.Result.Status != status || got.Result.Error == nil || got.Result.Error.Code != code {
		t.Fatalf("it is %+v %v, want %s with %s", got.Result, got.Result.Error, status, code)
	}
	for _, word := range words {
		if !strings.Contains(got.Result.Error.Message, word) {
			t.Errorf("it does not say %q: %s", word, got.Result.Error.Message)
		}
	}
}

func TestMail_ArrivesAsItWasMeant(t *testing.T) {
	p := openPostbox(t, false, true)
	got := run(t, mailConfig(p, func(c *channel) { c.ReplyTo = "help@example.com" }), tellAnn(), nil)
	letters, bodies := p.got()
	if got.Result.Status != abi.StatusOK || len(letters) != 1 {
		t.Fatalf("%+v %v; %d letters", got.Result, got.Result.Error, len(letters))
	}
	for name, want := range map[string]string{
		"Subject": "Order 12345678 is on its way", "From": `"The Shop" <shop@example.com>`, "To": "<ann@example.com>", "Reply-To": "<help@example.com>",
		"Date": "Fri, 02 Jan 2026 03:04:05 +0000", "Message-Id": "<" + got.Output.ID + ">", "Auto-Submitted": "auto-generated",
	} {
		if have := letters[0].Header.Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	for _, want := range []string{"Dear Ann <b>,\r\n- a cup\r\n- a saucer\r\nTotal 12.5", "<p>Dear Ann &lt;b&gt;</p>"} {
		if !strings.Contains(bodies[0], want) {
			t.Errorf("the body lacks %q:\n%s", want, bodies[0])
		}
	}
	if !strings.HasSuffix(got.Output.ID, "@example.com") || !strings.Contains(got.Output.Response, "queued") && got.Output.Response == "" {
		t.Errorf("the output is %+v", got.Output)
	}
}

func TestMail_IsTheSameInEveryAttempt_AndAnotherInEveryJob(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, nil)
	first := run(t, c, tellAnn(), nil)
	again, later := thirdJob, thirdJob
	again.Attempt, later.ID = 2, 4
	second, other := run(t, c, tellAnn(), nil, sdktest.Job(again)), run(t, c, tellAnn(), nil, sdktest.Job(later))
	if first.Output.ID == "" || first.Output.ID != second.Output.ID || first.Output.ID == other.Output.ID {
		t.Errorf("ids %q, %q, %q", first.Output.ID, second.Output.ID, other.Output.ID)
	}
	if _, bodies := p.got(); bodies[0] != bodies[1] {
		t.Errorf("the bodies differ:\n%s\n%s", bodies[0], bodies[1])
	}
}

func TestMail_DoesWhatTheServerSays(t *testing.T) {
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	for _, stage := range []string{"mail", "rcpt", "data"} {
		t.Run(stage, func(t *testing.T) {
			p := openPostbox(t, false, true)
			c := mailConfig(p, nil)
			p.tell(func(p *postbox) { p.refuse[stage] = later })
			wantError(t, run(t, c, tellAnn(), nil), abi.StatusRetry, codeDeferred, "451", "greylisted")
			p.tell(func(p *postbox) { p.refuse[stage] = never })
			wantError(t, run(t, c, tellAnn(), nil), abi.StatusFail, codeRefused, "550", "no such user")
			p.tell(func(p *postbox) { delete(p.refuse, stage) })
			if got := run(t, c, tellAnn(), nil); got.Result.Status != abi.StatusOK {
				t.Errorf("%v", got.Result.Error)
			}
			if letters, _ := p.got(); len(letters) != 1 {
				t.Errorf("%d letters", len(letters))
			}
		})
	}
}

func TestMail_ThatMayHaveBeenAcceptedIsSentAgainAsTheSame(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, nil)
	p.tell(func(p *postbox) { p.drop = "data" })
	wantError(t, run(t, c, tellAnn(), nil), abi.StatusRetry, codeUnknown, "not known", "same id")
	p.tell(func(p *postbox) { p.drop = "" })
	if got := run(t, c, tellAnn(), nil); got.Result.Status != abi.StatusOK {
		t.Fatalf("%v", got.Result.Error)
	}
	letters, _ := p.got()
	if len(letters) != 2 || letters[0].Header.Get("Message-Id") != letters[1].Header.Get("Message-Id") {
		t.Errorf("%d letters, not known as the same", len(letters))
	}
}

func TestMail_ThatMayHaveBeenAcceptedIsNotSentAgainIfTheChannelSaysSo(t *testing.T) {
	p := openPostbox(t, false, true)
	p.tell(func(p *postbox) { p.drop = "data" })
	got := run(t, mailConfig(p, func(c *channel) { c.WhenUnsure = "fail" }), tellAnn(), nil)
	wantError(t, got, abi.StatusFail, codeUnknown, "not known")
}

func TestMail_ThatWasCutOffBeforeItsEndIsWorthAnotherAttempt(t *testing.T) {
	p := openPostbox(t, false, true)
	p.tell(func(p *postbox) { p.drop = "rcpt" })
	wantError(t, run(t, mailConfig(p, func(c *channel) { c.WhenUnsure = "fail" }), tellAnn(), nil), abi.StatusRetry, codeUnreachable)
}

func TestMail_NeedsTLSUnlessTheChannelSaysOtherwise(t *testing.T) {
	bare := openPostbox(t, false, false)
	wantError(t, run(t, mailConfig(bare, nil), tellAnn(), nil), abi.StatusRetry, codeUnreachable, "STARTTLS")
	if got := run(t, mailConfig(bare, func(c *channel) { c.Security = "none" }), tellAnn(), nil); got.Result.Status != abi.StatusOK {
		t.Errorf("in the clear: %v", got.Result.Error)
	}
	p := openPostbox(t, false, true)
	wantError(t, run(t, mailConfig(p, func(c *channel) { c.CA = "" }), tellAnn(), nil), abi.StatusRetry, codeUnreachable, "certificate")
	implicit := openPostbox(t, true, true)
	if got := run(t, mailConfig(implicit, func(c *channel) { c.Security = "tls" }), tellAnn(), nil); got.Result.Status != abi.StatusOK {
		t.Errorf("TLS from the beginning: %v", got.Result.Error)
	}
}

func TestMail_LogsInByWhatTheEnvironmentHolds(t *testing.T) {
	p := openPostbox(t, false, true)
	p.users = map[string]string{"shop": "s3cret-of-the-shop"}
	c := mailConfig(p, func(c *channel) { c.Username, c.Password = "shop", "SMTP_PASSWORD" })
	if got := run(t, c, tellAnn(), map[string]string{"SMTP_PASSWORD": "s3cret-of-the-shop"}); got.Result.Status != abi.StatusOK {
		t.Errorf("%v", got.Result.Error)
	}
	wrong := run(t, c, tellAnn(), map[string]string{"SMTP_PASSWORD": "of-yesterday"})
	wantError(t, wrong, abi.StatusRetry, codeAuthFailed, "535", "wrong password (secret)")
	wantError(t, run(t, c, tellAnn(), nil), abi.StatusRetry, codeSecretMissing, "SMTP_PASSWORD", "bind it")
	if letters, _ := p.got(); len(letters) != 1 {
		t.Errorf("%d letters", len(letters))
	}
	clear := mailConfig(p, func(c *channel) { c.Password, c.Security = "SMTP_PASSWORD", "none" })
	wantError(t, run(t, clear, tellAnn(), nil), abi.StatusFail, codeConfigInvalid, "in the clear")
}

func TestMail_TakesNoHeaderFromData(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, nil)
	c.Notices["shipped"] = notice{Subject: "Hello {{.name}}", Text: "."}
	evil := tellAnn()
	evil.Data = []byte(`{"name": "Ann\r\nBcc: all@example.com\r\n\r\nbuy this"}`)
	if got := run(t, c, evil, nil); got.Result.Status != abi.StatusOK {
		t.Fatalf("%v", got.Result.Error)
	}
	letters, bodies := p.got()
	if letters[0].Header.Get("Bcc") != "" || strings.Contains(bodies[0], "buy") || !strings.Contains(letters[0].Header.Get("Subject"), "Bcc: all@example.com") {
		t.Errorf("the header is %v, the body %q", letters[0].Header, bodies[0])
	}
	for _, address := range []string{"", "ann", "ann@example.com\r\nBcc: b@example.com", "ann@example.com, bob@example.com", "<a@b>, c@d"} {
		wantError(t, run(t, c, in{Notice: "shipped", To: []recipient{{Channel: "mail", Address: address}}}, nil), abi.StatusFail, abi.CodePayloadInvalid, "no address")
	}
}

func TestMail_GoesOnlyWhereTheChannelMayWrite(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, func(c *channel) { c.Domains = []string{"Example.com"} })
	if got := run(t, c, tellAnn(), nil); got.Result.Status != abi.StatusOK {
		t.Errorf("%v", got.Result.Error)
	}
	for _, address := range []string{"ann@example.org", "ann@example.com.evil.org", `"a@example.com"@evil.org`} {
		wantError(t, run(t, c, in{Notice: "shipped", To: []recipient{{Channel: "mail", Address: address}}}, nil), abi.StatusFail, abi.CodePayloadInvalid, "writes to addresses of")
	}
}

func TestMail_ToNobodyWhoListensIsWorthAnotherAttempt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	c := mailConfig(&postbox{port: port}, func(c *channel) { c.TimeoutMS = 200 })
	wantError(t, run(t, c, tellAnn(), nil), abi.StatusRetry, codeUnreachable) // it accepts connections, and is silent
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, run(t, c, tellAnn(), nil), abi.StatusRetry, codeUnreachable, strconv.Itoa(port), "refused")
}
