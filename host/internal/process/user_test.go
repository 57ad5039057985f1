package process

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// builtBefore is where the plugins are that root built for an ordinary user.
const builtBefore = "LESSEE_TEST_PLUGINS"

// Everything that holds for root has to hold for a host that is none, with
// fewer levels. Only root can become somebody else, so only root sees to it.
func TestEverything_HoldsForAnOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("this is an ordinary user already")
		return
	}
	program(t, "good")
	program(t, "hostile")
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.timeout=3m", "-test.run="+
		"^(TestModule_|TestProcess_|TestAttempt_OfAProcessThatDies|TestPlugin_|TestContainment_|TestBundle_|TestBinary_|TestEngine_)")
	cmd.Dir, cmd.Env = "/", []string{builtBefore + "=" + built, "PATH=" + os.Getenv("PATH"), "HOME=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	t.Logf("as user 65534:\n%s", out)
}
