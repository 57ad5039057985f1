package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
)

// maintainEvery is how often a host offers to maintain the history: to make
// partitions for the days to come and to drop those whose retention is over.
// What cannot be locked without making others wait is tried again then.
const maintainEvery = time.Hour

// maintainLoop runs beside the sweep, which must not wait for it.
func (s *session) maintainLoop(ctx context.Context) {
	for ctx.Err() == nil {
		s.maintain(ctx)
		sleep(ctx, maintainEvery)
	}
}

func (s *session) maintain(ctx context.Context) {
	done, err := s.store.MaintainHistory(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("maintain the history; trying again", zap.Error(err), zap.Duration("in", maintainEvery))
		}
		return
	}
	for _, u := range done.Partitions {
		if u.Act == job.UpkeepLeft {
			s.log.Info("partition left as it is", zap.String("partition", u.Partition), zap.String("why", u.Why))
		} else {
			s.log.Info("partition "+u.Act, zap.String("partition", u.Partition))
		}
	}
	if p := done.Purged; p.Any() {
		s.log.Info("purged", zap.Int("leases", p.Leases), zap.Int("dead_letters", p.DeadLetters), zap.Int("unpartitioned", p.Unpartitioned))
	}
}
