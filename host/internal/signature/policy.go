package signature

import "fmt"

// Policy is what a host does about a module that nobody it trusts has signed.
type Policy string

// The policies. A host treats any other word as [Require].
const (
	Off     Policy = "off"     // signatures are not looked at
	Warn    Policy = "warn"    // it runs, and the log says what is wrong
	Require Policy = "require" // it is refused
)

// ParsePolicy reads a policy as a host's configuration has it.
func ParsePolicy(text string) (Policy, error) {
	switch p := Policy(text); p {
	case Off, Warn, Require:
		return p, nil
	}
	return Require, fmt.Errorf("%q is no policy: it must be off (signatures are not looked at), warn (what is wrong is logged) or require (only signed modules run)", text)
}
