package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func TestFanOut_MakesAJobOfEachRecipientAndSendsNothing(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, nil)
	c.Channels["hook"] = channel{Type: "webhook", URL: "https://example.com", Secret: "HOOK"}
	all := tellAnn()
	all.To = append(all.To, recipient{Channel: "mail", Address: "bob@example.com", Data: []byte(`{"name": "Bob"}`)}, recipient{Channel: "hook"}, all.To[0])
	got := run(t, c, all, nil)
	if got.Result.Status != abi.StatusOK || got.Output.Jobs != 3 || len(got.Result.Enqueue) != 3 || p.greeted != 0 {
		t.Fatalf("%+v %v; %d connections", got.Result, got.Result.Error, p.greeted)
	}
	keys := map[string]bool{}
	for i, job := range got.Result.Enqueue {
		var part in
		if err := json.Unmarshal(job.Payload, &part); err != nil || len(part.To) != 1 || part.To[0].Channel != all.To[i].Channel || part.Notice != "shipped" {
			t.Errorf("job %d is %s, %v", i, job.Payload, err)
		}
		if job.Class != "notification" || !strings.HasPrefix(job.IdempotencyKey, "notification:3:") || keys[job.IdempotencyKey] {
			t.Errorf("job %d: class %s, key %s", i, job.Class, job.IdempotencyKey)
		}
		keys[job.IdempotencyKey] = true
	}
	for _, job := range run(t, c, all, nil).Result.Enqueue { // were it run again, these were the same jobs
		if !keys[job.IdempotencyKey] {
			t.Errorf("another key: %s", job.IdempotencyKey)
		}
	}
}

// The whole of it: each job is delivered on its own, and what was accepted is not
// sent again because another was not.
func TestFanOut_SendsOnceWhatWasAcceptedWhileAnotherIsTriedAgain(t *testing.T) {
	p := openPostbox(t, false, true)
	c := mailConfig(p, nil)
	fine, requests := listen(t, accepts)
	c.Channels["hook"] = channel{Type: "webhook", URL: fine, Secret: "HOOK"}
	all := tellAnn()
	all.To = append(all.To, recipient{Channel: "hook"}, recipient{Channel: "mail", Address: "bob@example.com", Data: []byte(`{"name": "Bob"}`)})
	p.tell(func(p *postbox) { p.drop = "rcpt" })
	waiting := run(t, c, all, hookEnv).Result.Enqueue
	for attempt := 1; attempt <= 3 && len(waiting) > 0; attempt++ {
		var failed []abi.FollowUp
		for i, follow := range waiting {
			job := thirdJob
			job.ID, job.Attempt = int64(100+i), attempt
			if run(t, c, in{}, hookEnv, sdktest.Payload(string(follow.Payload)), sdktest.Job(job)).Result.Status == abi.StatusRetry {
				failed = append(failed, follow)
			}
		}
		waiting = failed
		p.tell(func(p *postbox) { p.drop = "" })
	}
	letters, bodies := p.got()
	if len(letters) != 2 || len(requests()) != 1 || len(waiting) != 0 {
		t.Fatalf("%d letters, %d webhooks, %d jobs left", len(letters), len(requests()), len(waiting))
	}
	if !strings.Contains(bodies[0], "Dear Ann") || !strings.Contains(bodies[1], "Dear Bob") {
		t.Errorf("%v", bodies)
	}
}

func TestFanOut_OfManyIsATree(t *testing.T) {
	var many []recipient
	for i := range 1234 {
		many = append(many, recipient{Channel: "mail", Address: fmt.Sprintf("a%d@example.com", i)})
	}
	parts := split(many, width)
	if len(parts) != width {
		t.Fatalf("%d parts", len(parts))
	}
	var joined []recipient
	for _, part := range parts {
		if len(part) < 12 || len(part) > 13 {
			t.Errorf("a part of %d", len(part))
		}
		joined = append(joined, part...)
	}
	if hash(joined) != hash(many) {
		t.Error("the parts are not the whole")
	}
	got := run(t, mailConfig(&postbox{}, nil), in{Notice: "shipped", To: many, Data: []byte(shipped)}, nil)
	if got.Output.Jobs != width || len(got.Result.Enqueue) != width {
		t.Errorf("%+v %v", got.Output, got.Result.Error)
	}
}

func TestHandle_RefusesForGoodWhatCanNeverBeSent(t *testing.T) {
	c := mailConfig(&postbox{}, nil)
	c.Channels["ops"] = channel{Type: "chat", Style: "icq", Secret: "X"}
	c.Notices["bare"] = notice{}
	c.Notices["broken"] = notice{Subject: "{{.a", Text: "."}
	c.Notices["endless"] = notice{Subject: "s", Text: "{{range .lines}}{{range $.lines}}{{range $.lines}}0123456789{{end}}{{end}}{{end}}"}
	ann := recipient{Channel: "mail", Address: "ann@example.com"}
	lines := `{"lines": [` + strings.Repeat("1,", 63) + `1]}`
	for name, bad := range map[string]struct {
		in    in
		code  abi.Code
		words string
	}{
		"nobody":                      {in{Notice: "shipped"}, abi.CodePayloadInvalid, "nobody"},
		"an unknown channel":          {in{Notice: "shipped", To: []recipient{{Channel: "fax"}}}, abi.CodePayloadInvalid, "mail, ops"},
		"one unknown among others":    {in{Notice: "shipped", To: []recipient{ann, {Channel: "fax"}}}, abi.CodePayloadInvalid, "fax"},
		"an unknown notice":           {in{Notice: "lost", To: []recipient{ann}}, abi.CodePayloadInvalid, "shipped"},
		"no notice":                   {in{To: []recipient{ann}}, abi.CodePayloadInvalid, "notice is empty"},
		"an address for a chat":       {in{Notice: "shipped", To: []recipient{{Channel: "ops", Address: "x"}}}, abi.CodePayloadInvalid, "takes none"},
		"a chat of no known style":    {in{Notice: "shipped", To: []recipient{{Channel: "ops"}}}, codeConfigInvalid, "slack"},
		"a notice without text":       {in{Notice: "bare", To: []recipient{ann}}, codeConfigInvalid, "needs subject"},
		"a template that is broken":   {in{Notice: "broken", To: []recipient{ann}}, codeTemplateFailed, "subject"},
		"a value that is missing":     {in{Notice: "shipped", To: []recipient{ann}, Data: []byte(`{"order": 1}`)}, codeTemplateFailed, "name"},
		"data that is a list":         {in{Notice: "shipped", To: []recipient{ann}, Data: []byte(`[1]`)}, abi.CodePayloadInvalid, "no object"},
		"a text that becomes endless": {in{Notice: "endless", To: []recipient{ann}, Data: []byte(lines)}, codeTemplateFailed, "256 KiB"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, run(t, c, bad.in, nil), abi.StatusFail, bad.code, bad.words) })
	}
}
