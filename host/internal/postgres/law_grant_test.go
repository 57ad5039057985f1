package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// The answer to a claim can get lost after the database has granted the jobs.
// The host then lives on, and renews the lease of jobs that it never heard of.
func TestLaw_AGrantThatItsHostNeverLearnedOfGoesBack(t *testing.T) {
	l := newLaw(t)
	lease, lost := l.heldPage()
	l.renew(lease)
	l.inState(lost.ID, job.Leased) // the answer may still come
	l.passTenSeconds()
	l.renew(lease, job.Held{JobID: lost.ID, Fence: lost.Fence})
	l.inState(lost.ID, job.Leased)
	l.renew(lease, job.Held{JobID: lost.ID, Fence: lost.Fence - 1})
	want(l, true, "select state = 'ready' and attempt = 0 and crash_count = 0 and fence = 1 from lessee.job where id = $1", lost.ID)
	if next := l.claimOne(lease, "page"); next.Attempt != 1 || next.Fence != lost.Fence+1 {
		t.Errorf("the next grant is %+v", next)
	}
	l.sound()
}

func TestLaw_AGrantThatItsHostNeverLearnedOfIsCancelledIfThatWasAsked(t *testing.T) {
	l := newLaw(t)
	lease, lost := l.heldPage()
	l.exec("select lessee.fn_job_cancel($1)", lost.ID)
	l.passTenSeconds()
	l.renew(lease)
	l.inState(lost.ID, job.Cancelled)
}

func TestLaw_AGrantThatHasStartedIsNeverTakenFromALiveHostThatForgotIt(t *testing.T) {
	l := newLaw(t)
	lease, held := l.heldPage()
	age := int64(1)
	l.renew(lease, job.Held{JobID: held.ID, Fence: held.Fence, StartedMS: &age})
	l.passTenSeconds()
	l.renew(lease) // the sweep takes it when it is overdue: the host did start it
	l.inState(held.ID, job.Running)
}

func (l *law) renew(lease int64, held ...job.Held) {
	l.Helper()
	renewal, err := l.store.RenewLease(l.Context(), lease, job.Report{Held: append([]job.Held{}, held...)})
	if err != nil || !renewal.Alive || renewal.TTL != 9*time.Second {
		l.Fatalf("%+v, %v", renewal, err)
	}
}

// passTenSeconds makes every grant ten seconds older.
func (l *law) passTenSeconds() {
	l.Helper()
	l.exec("update lessee.job_queue set leased_at = leased_at - interval '10 seconds'")
	l.exec("update lessee.queue_heartbeat set held_from = held_from - interval '10 seconds'")
	l.exec("update lessee.job_grant set granted_at = granted_at - interval '10 seconds'")
}

// Nobody looks for a grant from before held_from, and a claim may commit late.
func TestLaw_AGrantOfAClaimThatCommitsLateIsSeen(t *testing.T) {
	for kind, claim := range claims {
		t.Run(kind, func(t *testing.T) {
			l := newLaw(t)
			l.class("long", "")
			l.enqueue("long")
			lease := l.lease()
			claiming, _ := l.begin()
			id, err := askOn[int64](t.Context(), claiming, claim, lease)
			if err != nil {
				t.Fatal(err)
			}
			gather := "select $2 = any (lessee.fn_lease_gather($1, clock_timestamp()))"
			want(l, false, gather, lease, id)
			if err := claiming.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			want(l, id, "select job_id from lessee.fn_lease_jobs($1)", lease)
			want(l, true, gather, lease, id)
			l.inState(id, job.Leased)
		})
	}
}

// Each renewal rewrites a lease, and a snapshot keeps what it was before; claims
// and commits look at it all the time.
func TestLaw_ALookAtALeaseDoesNotWalkItsRenewalsWhileASnapshotIsHeld(t *testing.T) {
	l := newLaw(t)
	lease := l.lease()
	const look = "select count(*) from lessee.fn_job_claim($1, '{plain}', '{1}', 1, null, '{plain}', '{plain}')"
	before := l.entriesRead(look, lease)
	l.holdSnapshot()
	l.exec(fmt.Sprintf(`do $$ begin
		for i in 1 .. 300 loop
			update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() + (i / 300) * interval '1 minute' where lease_id = %[1]d;
			update lessee.queue_heartbeat set held_from = clock_timestamp() where lease_id = %[1]d;
			commit;
		end loop;
	end $$`, lease))
	if after := l.entriesRead(look, lease); after > before+10 {
		t.Errorf("a claim reads %d entries, and %d after 300 renewals", before, after)
	}
}
