package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// Denied says what a module wants and g does not grant; empty: nothing. The
// database's fn_manifest_error says the same when it knows the manifest already.
func (g Grants) Denied(wants abi.Wants) string {
	var denied []string
	for _, kind := range []struct {
		name        string
		want, grant []string
	}{{"classes", wants.Classes, g.Classes}, {"commands", wants.Commands, g.Commands}, {"events", wants.Events, g.Events}} {
		for _, name := range kind.want {
			if !slices.Contains(kind.grant, name) {
				denied = append(denied, "grants."+kind.name+" "+name)
			}
		}
	}
	if len(denied) == 0 {
		return ""
	}
	return fmt.Sprintf("the module wants %s, which the class does not grant: grant it, or point the class at a module that does without", strings.Join(denied, ", "))
}
