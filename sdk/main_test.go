package sdk

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestTheCommandContractIsOneEnvelopeInAndOneResultOut(t *testing.T) {
	p := New(func(ctx context.Context, in struct{ Name string }) (string, error) {
		Logger(ctx).Info("greeting")
		Progress(ctx, 1000, "done")
		return "hello " + in.Name, nil
	})
	var out, log bytes.Buffer
	if err := p.serve(context.Background(), strings.NewReader(`{"abi":1,"payload":{"name":"you"}}`), &out, &log); err != nil {
		t.Fatal(err)
	}
	if want := `{"status":"ok","output":"hello you"}` + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if want := "INFO msg=greeting\nPROGRESS 1000/1000 done\n"; log.String() != want {
		t.Errorf("got %q, want %q", log.String(), want)
	}
}
