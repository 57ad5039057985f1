package executor

import (
	"testing"
	"testing/synctest"
)

func TestSet_RunsNoClassOnAModuleThatTheDatabaseFoundAFaultWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newSet(t)
		defer s.Close()
		faulty := class("a", "d1")
		faulty.NextDigest, faulty.Candidate.Digest = "d2", "d3"
		faulty.Faults = map[string]string{"d2": "the config breaks the schema", "d3": "it wants grants.http"}
		s.Sync(snapshot(1, faulty))
		synctest.Wait()
		r := s.Readiness()["a"]
		if !r.Ready || r.Next.Ready || r.Next.Reason != "the config breaks the schema" || r.Candidate.Ready || r.Candidate.Reason != "it wants grants.http" {
			t.Errorf("%+v, next %+v, candidate %+v", r, r.Next, r.Candidate)
		}
		faulty.Faults = map[string]string{"d1": "the config breaks the schema"}
		s.Sync(snapshot(2, faulty))
		synctest.Wait()
		if r := s.Readiness()["a"]; r.Ready || r.Reason != "the config breaks the schema" || !r.Next.Ready || len(s.Runnable()) != 0 {
			t.Errorf("%+v, next %+v", r, r.Next)
		}
		faulty.Faults = nil
		s.Sync(snapshot(3, faulty))
		if got := s.Runnable(); len(got) != 1 || got[0].Candidate.Digest != "d3" {
			t.Errorf("mended: %+v", got)
		}
	})
}
