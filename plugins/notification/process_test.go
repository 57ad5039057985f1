//go:build sdks

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

// The program as a host runs it: its own process, with nothing but the variables
// that its class binds.
func TestNotification_RunsAsAProcessWithItsCredentialsInTheEnvironment(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "notification")
	if said, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	box := openPostbox(t, false, true)
	box.users = map[string]string{"shop": "of-the-binding"}
	c := mailConfig(box, func(c *channel) { c.Username, c.Password = "shop", "SMTP_PASSWORD" })
	cmd := exec.Command(binary)
	cmd.Env = []string{"SMTP_PASSWORD=of-the-binding"}
	p := guesttest.OpenProcess(t, cmd)

	described, err := p.Executor.Describe(t.Context(), &grpcabi.DescribeRequest{Abi: abi.Version})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := abi.DecodeManifest(described.Manifest)
	if err != nil || manifest.Name != "notification" || len(manifest.Wants.Classes) != 1 || len(manifest.Schemas.Payload) == 0 || len(manifest.Schemas.Config) == 0 {
		t.Errorf("its manifest is %s, %v", described.Manifest, err)
	}
	answer, err := p.Execute(envelopeOf(t, c, tellAnn()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := abi.DecodeResult(answer)
	if err != nil || got.Status != abi.StatusOK {
		t.Fatalf("%s %v %v", answer, got.Error, err)
	}
	if letters, _ := box.got(); len(letters) != 1 {
		t.Errorf("%d letters", len(letters))
	}
}

func envelopeOf(t *testing.T, c config, p in) []byte {
	t.Helper()
	e := abi.Envelope{ABI: abi.Version, Job: thirdJob}
	var errs [3]error
	e.Config, errs[0] = json.Marshal(c)
	e.Payload, errs[1] = json.Marshal(p)
	data, err := abi.EncodeEnvelope(e)
	errs[2] = err
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return data
}
