package postgres

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// batch is a row of fn_job_claim_batch: jobs of one moment, by columns, or the
// classes of which it was another's turn, or the payload of one job, a large one.
type batch struct {
	others                               []string
	leasedAt                             *time.Time
	registryVersion                      *int64
	ids                                  []int64
	places                               []int32 // of the class among those asked for, from 1
	fences, attempts, maxAttempts        []int32 // fences and attempts are null if all are 1
	enqueuedAt, runAt                    []time.Time
	keys, traceIDs, spanIDs, tracestates []string
	payloads                             [][]byte
	sampled                              []bool
	priorities                           []int16
}

func (b *batch) jobs(wants []job.Want) []job.Job {
	jobs := make([]job.Job, len(b.ids))
	for i, id := range b.ids {
		jobs[i] = job.Job{
			ID: id, Class: wants[b.places[i]-1].Class, Priority: int(b.priorities[i]), RunAt: b.runAt[i],
			Fence: orOne(b.fences, i), Attempt: orOne(b.attempts, i), MaxAttempts: int(b.maxAttempts[i]),
			LeasedAt: *b.leasedAt, EnqueuedAt: b.enqueuedAt[i], IdempotencyKey: b.keys[i], Payload: b.payloads[i],
			Trace: abi.TraceContext{TraceID: b.traceIDs[i], SpanID: b.spanIDs[i], Sampled: b.sampled[i]}, Tracestate: b.tracestates[i],
			RegistryVersion: *b.registryVersion,
		}
	}
	return jobs
}

// number says of each job, in the order of claim, where it is listed: a claim leaves
// a list of each class and priority, which fn_job_succeed reads in their order.
func number(jobs []job.Job) {
	type lane struct {
		class    string
		priority int
	}
	long := map[lane]int{}
	for i := range jobs {
		at := lane{jobs[i].Class, jobs[i].Priority}
		long[at]++
		jobs[i].Listed = job.Listing{Place: long[at], Of: len(jobs)}
	}
	if len(long) == 1 {
		return
	}
	before, sum := map[lane]int{}, 0
	for _, at := range slices.SortedFunc(maps.Keys(long), func(a, b lane) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.priority, b.priority))
	}) {
		before[at], sum = sum, sum+long[at]
	}
	for i := range jobs {
		jobs[i].Listed.Place += before[lane{jobs[i].Class, jobs[i].Priority}]
	}
}

func orOne(list []int32, i int) int {
	if list == nil {
		return 1
	}
	return int(list[i])
}
