package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// settling is how long a host may take to report that it is ready.
const settling = 30 * time.Second

func checkHosts(_ context.Context, e *examination) ([]finding, error) {
	if len(e.hosts) == 0 {
		return []finding{{"hosts", levelWarn, "no host holds a live lease", "Start one: lessee up, or lessee host --dsn …"}}, nil
	}
	names := make([]string, len(e.hosts))
	for i, h := range e.hosts {
		names[i] = fmt.Sprintf("%s (lease %d, version %s, %d in flight)", h.Host, h.LeaseID, h.Version, h.InFlight)
	}
	return []finding{ok("hosts", "%d live: %s", len(e.hosts), strings.Join(names, ", "))}, nil
}

// checkLeases finds hosts that missed heartbeats: they renew twice in a TTL at least.
func checkLeases(_ context.Context, e *examination) ([]finding, error) {
	var found []finding
	for _, h := range e.hosts {
		if h.SinceRenewal > h.LeaseTTLInSec*2/3 {
			found = append(found, finding{"leases", levelWarn,
				fmt.Sprintf("%s (lease %d) renewed %s ago; its lease lapses in %s", h.Host, h.LeaseID, span(seconds(h.SinceRenewal)), span(seconds(h.UntilExpiry))),
				"It is overloaded, stopped, or cut off from the database: look at its log. Its jobs go to other hosts when the lease lapses."})
		}
	}
	if found == nil {
		found = []finding{ok("leases", "none is about to lapse")}
	}
	return found, nil
}

func checkClasses(_ context.Context, e *examination) ([]finding, error) {
	var found []finding
	for _, k := range e.classes {
		if k.Serving != nil && k.Status != "broken" && time.Since(k.StatusAt) > settling {
			found = append(found, finding{"classes", levelWarn, fmt.Sprintf("%s still runs on %s, since %s", k.Class, *k.Serving, span(time.Since(k.StatusAt))),
				fmt.Sprintf("lessee class show %s tells which host is not ready for %s; lessee class rollback %s calls it off.", k.Class, text(k.Module), k.Class)})
		}
		if k.Enabled && k.Status == "broken" {
			found = append(found, finding{"classes", levelFail, fmt.Sprintf("%s is broken on %s: %s", k.Class, k.StatusHost, k.StatusReason),
				fmt.Sprintf("Mend the row (lessee class set %s …), or disable it: lessee class disable %s", k.Class, k.Class)})
		}
	}
	if found == nil {
		found = []finding{ok("classes", "no enabled class is broken or stuck between two modules")}
	}
	return found, nil
}

// checkReadiness finds enabled classes that no live host runs. Without a host
// there is one thing to say, and checkHosts said it.
func checkReadiness(_ context.Context, e *examination) ([]finding, error) {
	if len(e.hosts) == 0 {
		return nil, nil
	}
	reports, young := reports(e.hosts)
	var found []finding
	for _, k := range e.classes {
		report, reported := reports[k.Class]
		switch {
		case !k.Enabled || report.Ready:
		case report.Reason != "":
			found = append(found, finding{"readiness", levelFail, fmt.Sprintf("no live host is ready for class %s: %s", k.Class, report.Reason),
				"Look at the host's log, and at lessee class show " + k.Class + "."})
		case reported || young:
			found = append(found, finding{"readiness", levelWarn, fmt.Sprintf("no live host is ready for class %s yet", k.Class),
				"A host compiles the module; ask again in some seconds."})
		default:
			found = append(found, finding{"readiness", levelFail, fmt.Sprintf("no live host reports class %s", k.Class),
				"The hosts don't follow the registry: look at their logs."})
		}
	}
	if found == nil {
		found = []finding{ok("readiness", "every enabled class has a ready host")}
	}
	return found, nil
}

// reports joins what hosts say of each class: ready if one is, else a reason
// if one has it. young: a host may not have reported yet.
func reports(hosts []postgres.HostRecord) (joined map[string]job.Readiness, young bool) {
	joined = map[string]job.Readiness{}
	for _, h := range hosts {
		young = young || seconds(h.SinceGrant) < settling
		var classes map[string]job.Readiness
		_ = json.Unmarshal(h.Classes, &classes) // of another version, perhaps: then it reports nothing we can read
		for name, r := range classes {
			sofar := joined[name]
			if r.Reason != "" {
				sofar.Reason = h.Host + ": " + r.Reason
			}
			sofar.Ready = sofar.Ready || r.Ready
			joined[name] = sofar
		}
	}
	return joined, young
}
