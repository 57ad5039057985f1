//go:build sdks

package node_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

func TestNode_ConformsToTheVectors(t *testing.T) {
	guesttest.ConformAll(t, func(t testing.TB) *guesttest.Guest { return open(t, "testdata/vectors.mjs").Guest }, "../../abi/testdata")
}

func TestNode_GreetsAsTheGoExampleDoes(t *testing.T) {
	guesttest.GreetsAll(t, open(t, "examples/greet/greet.mjs").Guest)
}

func TestNode_BehavesAsAProcessOwesItsHost(t *testing.T) {
	guesttest.Behave(t, func(t testing.TB) *exec.Cmd { return command(t, "testdata/odd.mjs") })
}

func TestNode_RunsTheReadmesExample(t *testing.T) {
	program := filepath.Join("testdata", "readme.mjs") // where Node finds the package
	if err := os.WriteFile(program, []byte(guesttest.ReadmeExample(t, "js")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(program) })
	guesttest.CountsAll(t, open(t, program).Guest)
}

func TestNode_PassesItsOwnTests(t *testing.T) {
	if said, err := command(t, "--test", "test/").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// Without gRPC a handler can be tried, but not served; the sentence names the packages.
func TestNode_SaysWhichLibraryIsMissing(t *testing.T) {
	bare := t.TempDir()
	for _, from := range []string{"package.json", "index.mjs", "runtime", "proto", "examples"} {
		if said, err := exec.Command("cp", "-r", from, bare).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	cmd := command(t, filepath.Join(bare, "examples", "greet", "greet.mjs"))
	cmd.Env = append(cmd.Env, grpcabi.CookieKey+"="+grpcabi.CookieValue)
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "npm install @grpc/grpc-js @grpc/proto-loader") || strings.Contains(string(said), "    at ") {
		t.Errorf("%v\n%s", err, said)
	}
}

// The package has its own copy, because a package can't reach beyond its folder.
func TestNode_HasTheProtoOfTheContract(t *testing.T) {
	own, err := os.ReadFile("proto/lessee.proto")
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("../../abi/grpcabi/lessee.proto")
	if err != nil || !bytes.Equal(own, contract) {
		t.Errorf("they differ: cp abi/grpcabi/lessee.proto sdk/node/proto/ (%v)", err)
	}
}

// open starts a plugin as a host does.
func open(t testing.TB, program string) *guesttest.Process {
	t.Helper()
	return guesttest.OpenProcess(t, command(t, program))
}

func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatalf("%v: install the toolchains by `task sdks:setup`", err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, args...)
	cmd.Env = []string{"NO_COLOR=1"}
	return cmd
}
