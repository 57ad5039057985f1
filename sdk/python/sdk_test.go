//go:build sdks

package python_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

func TestPython_ConformsToTheVectors(t *testing.T) {
	guesttest.ConformAll(t, func(t testing.TB) *guesttest.Guest { return open(t, "testdata/vectors.py").Guest }, "../../abi/testdata")
}

func TestPython_GreetsAsTheGoExampleDoes(t *testing.T) {
	guesttest.GreetsAll(t, open(t, "examples/greet/greet.py").Guest)
}

func TestPython_BehavesAsAProcessOwesItsHost(t *testing.T) {
	guesttest.Behave(t, func(t testing.TB) *exec.Cmd { return command(t, "testdata/odd.py") })
}

func TestPython_RunsTheReadmesExample(t *testing.T) {
	program := filepath.Join(t.TempDir(), "count.py")
	if err := os.WriteFile(program, []byte(guesttest.ReadmeExample(t, "python")), 0o600); err != nil {
		t.Fatal(err)
	}
	guesttest.CountsAll(t, open(t, program).Guest)
}

func TestPython_PassesItsOwnTests(t *testing.T) {
	if said, err := command(t, "-m", "unittest", "discover", "-s", "tests").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// Without gRPC a handler can be tried, but not served; the sentence names the packages.
func TestPython_SaysWhichLibraryIsMissing(t *testing.T) {
	for module, words := range map[string][]string{
		"grpc": {"apt-get install python3-grpcio", "pip install grpcio"}, "cryptography": {"apt-get install python3-cryptography", "pip install cryptography"},
	} {
		cmd := lacking(t, module)
		cmd.Env = append(cmd.Env, grpcabi.CookieKey+"="+grpcabi.CookieValue, "PLUGIN_CLIENT_CERT=some", "LESSEE_MTLS=required", "TMPDIR="+t.TempDir())
		said, err := cmd.CombinedOutput()
		for _, word := range append(words, module) {
			if err == nil || !strings.Contains(string(said), word) || strings.Contains(string(said), "Traceback") {
				t.Errorf("%s: %v, and it does not name %q:\n%s", module, err, word, said)
			}
		}
	}
}

func TestPython_LeavesItToTheHostWhetherToDoWithoutMutualTLS(t *testing.T) {
	var config *plugin.ClientConfig
	p := guesttest.OpenProcess(t, lacking(t, "cryptography"), func(c *plugin.ClientConfig) {
		config, c.AutoMTLS = c, true
		c.GRPCDialOptions = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())} // as a host does that allows it
	})
	guesttest.GreetsAll(t, p.Guest)
	if config.TLSConfig.RootCAs != nil {
		t.Error("it sent a certificate")
	}
	p.Client.Kill()
	if said := p.Stderr.String(); !strings.Contains(said, "no mutual TLS") || !strings.Contains(said, "python3-cryptography") {
		t.Errorf("it does not say so: %s", said)
	}
}

// lacking is the example, where a library is not installed.
func lacking(t testing.TB, module string) *exec.Cmd {
	t.Helper()
	return command(t, "-c", "import sys, runpy; sys.modules['"+module+"'] = None; sys.argv = ['greet.py']; runpy.run_path('examples/greet/greet.py', run_name='__main__')")
}

// open starts a plugin as a host does.
func open(t testing.TB, program string) *guesttest.Process {
	t.Helper()
	return guesttest.OpenProcess(t, command(t, program))
}

// command is a program, to be run with the SDK of this folder.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	sdk, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter(t), args...)
	cmd.Env = []string{"PYTHONPATH=" + sdk, "PYTHONDONTWRITEBYTECODE=1"}
	return cmd
}

// interpreter is a python3 that has gRPC: one of pyenv may be first in the path
// and lack it, beside Debian's.
func interpreter(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import grpc, cryptography").Run() == nil {
			path, err := exec.LookPath(name)
			if err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	t.Fatal("no python3 has the libraries grpc and cryptography: install them by `task sdks:setup`")
	return ""
}
