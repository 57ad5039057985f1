package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// maxOverdue is how long a partition may stay when its retention is over.
const maxOverdue = 24 * time.Hour

// checkHistory finds days without a partition, rows outside of any, and
// partitions that should be gone.
func checkHistory(ctx context.Context, e *examination) ([]finding, error) {
	needs, err := e.desk.HistoryNeeds(ctx)
	if err != nil {
		return nil, err
	}
	var found []finding
	if len(needs.Missing) > 0 {
		found = append(found, finding{"history", levelWarn, "no partition " + strings.Join(needs.Missing, ", ") + ": the rows of that day go to the default one",
			"Hosts make them every hour, if one runs; lessee history maintain does it now, or says why not."})
	}
	if len(needs.Stray) > 0 {
		found = append(found, finding{"history", levelWarn, strings.Join(needs.Stray, ", ") + " holds rows of days that have no partition",
			"They are deleted one by one when their retention is over. Days to come need their partitions: lessee history list, lessee history maintain."})
	}
	partitions, err := e.desk.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	needed := 0
	for _, p := range partitions {
		switch {
		case p.NeededBy != nil:
			needed++
		case p.GoesAt != nil && e.vitals.Now.Sub(*p.GoesAt) > maxOverdue:
			late, err := overdue(ctx, e, p)
			if err != nil {
				return nil, err
			}
			found = append(found, late)
		}
	}
	if found == nil {
		found = []finding{ok("history", "%d partitions; %d are kept for longer because payloads in them are needed", len(partitions), needed)}
	}
	return found, nil
}

func overdue(ctx context.Context, e *examination, p postgres.PartitionRecord) (finding, error) {
	message := fmt.Sprintf("partition %s should have gone %s ago", p.Name, span(e.vitals.Now.Sub(*p.GoesAt)))
	who, err := e.desk.PartitionUser(ctx, p)
	if err != nil || who == "" {
		return finding{"history", levelWarn, message, "Hosts drop it every hour, if one runs; lessee history maintain does it now, or says why not."}, err
	}
	return finding{"history", levelWarn, message + "; in use by " + who,
		"It can't be dropped without making commits wait: end that transaction (pg_terminate_backend), then lessee history maintain."}, nil
}
