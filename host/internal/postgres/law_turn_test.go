package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
)

func TestClaim_OfALongLineIsOneHostsTurnAtATime(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.class("other", "")
	for range 4 {
		l.enqueue("long")
		l.enqueue("other")
	}
	first, second := l.lease(), l.lease()
	claiming, _ := l.begin()
	if _, err := claiming.Exec(t.Context(), "select count(*) from lessee.fn_job_claim($1, '{long}', '{1}', 1, null, '{long}')", first); err != nil {
		t.Fatal(err)
	}
	claim := func(turn bool) (jobs map[string]int, others []string) {
		t.Helper()
		wants := []job.Want{{Class: "long", Slots: 1, Turn: turn}, {Class: "other", Slots: 1, Turn: turn}}
		claimed, err := l.store.ClaimFrom(t.Context(), second, job.Ask{Wants: wants, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		jobs = map[string]int{}
		for _, j := range claimed.Jobs {
			jobs[j.Class]++
		}
		return jobs, claimed.Others
	}
	if jobs, others := claim(true); jobs["long"] != 0 || jobs["other"] != 1 || !slices.Equal(others, []string{"long"}) {
		t.Errorf("while another claims: %v, others' turn %v", jobs, others)
	}
	if jobs, others := claim(false); jobs["long"] != 0 || jobs["other"] != 1 || !slices.Equal(others, []string{"long"}) {
		t.Errorf("nor may one take without a turn meanwhile: %v, others' turn %v", jobs, others)
	}
	rows := list[string](l, `select format('%s %s of %s', c.job_id > 0, c.job_id, c.class)
		from lessee.fn_job_claim($1, '{long,other}', '{1,1}', 10, null, '{long,other}', '{long,other}') c`, second)
	if len(rows) != 2 || rows[0] != "f 0 of long" || !strings.HasPrefix(rows[1], "t ") || !strings.HasSuffix(rows[1], " of other") {
		t.Errorf("what is listed besides, as rows: %q", rows)
	}
	if err := claiming.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if jobs, others := claim(true); jobs["long"] != 1 || jobs["other"] != 1 || others != nil {
		t.Errorf("afterwards: %v, others' turn %v", jobs, others)
	}
	l.sound()
}
