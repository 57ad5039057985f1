package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// width is into how many jobs one falls at most: the follow-ups that a class may
// have when its row says nothing else.
const width = 100

// fanOut asks for a job for each recipient; for more than width recipients, for
// jobs with a part of them each, which do the same. The jobs are committed with
// this one, or not at all; and then each is retried, and ends, on its own.
// A receiver that accepted is not asked again.
func fanOut(ctx context.Context, p in, recipients []recipient) (out, error) {
	parts := split(recipients, width)
	for _, part := range parts {
		payload, err := json.Marshal(in{Notice: p.Notice, To: part, Data: p.Data})
		if err != nil {
			return out{}, fmt.Errorf("encode a part of the notification: %w", err)
		}
		key := fmt.Sprintf("%s:%d:%s", own, sdk.JobFrom(ctx).ID, hash(part)[:16])
		if err := sdk.Enqueue(ctx, abi.FollowUp{Class: own, Payload: payload, IdempotencyKey: key}); err != nil {
			return out{}, err
		}
	}
	return out{Jobs: len(parts)}, nil
}

// split divides recipients into at most n parts that differ by one at most.
func split(recipients []recipient, n int) (parts [][]recipient) {
	for n = min(n, len(recipients)); n > 0; n-- {
		size := (len(recipients) + n - 1) / n
		parts = append(parts, recipients[:size])
		recipients = recipients[size:]
	}
	return parts
}

// distinct leaves out recipients that were named before.
func distinct(recipients []recipient) (out []recipient) {
	seen := map[string]bool{}
	for _, r := range recipients {
		if key := hash([]recipient{r}); !seen[key] {
			seen[key] = true
			out = append(out, r)
		}
	}
	return out
}

// idOf names a delivery: the same in every attempt at the job, and in no other
// job. The time tells the jobs of two databases from one another.
func idOf(job abi.Job, r recipient) string {
	return hash(fmt.Sprint(job.ID, job.Class, job.EnqueuedAt.UnixNano(), hash([]recipient{r})))[:32]
}

func hash(v any) string {
	data, _ := json.Marshal(v) // recipients and texts: raw data was valid JSON when it came
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
