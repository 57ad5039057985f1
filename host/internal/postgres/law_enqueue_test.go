package postgres_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

func enqueueKey(ctx context.Context, on queryer, class, key string) (int64, error) {
	return askOn[int64](ctx, on, "select lessee.fn_job_enqueue($1, p_key => $2)", class, key)
}

func TestKey_OfTwoConcurrentEnqueuersTheSecondWaitsForTheFirst(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	for _, commits := range []bool{true, false} {
		first, _ := l.begin()
		firstID, err := enqueueKey(t.Context(), first, "plain", "k")
		if err != nil {
			t.Fatal(err)
		}
		second, pid := l.begin()
		var secondID int64
		done := make(chan error, 1)
		go func() {
			var err error
			secondID, err = enqueueKey(context.Background(), second, "plain", "k")
			done <- err
		}()
		l.blocked(pid)
		end := first.Rollback
		if commits {
			end = first.Commit
		}
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := second.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if (firstID == secondID) != commits {
			t.Errorf("first commits: %v; jobs %d and %d", commits, firstID, secondID)
		}
		want(l, 1, "select count(*)::int from lessee.job")
		want(l, secondID, "select id from lessee.job")
		l.sound()
		l.clear()
	}
}

func TestKey_HoldsInEachStateAndForTheRetentionAfterAndNoLonger(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "expires_after = interval '1 hour', idempotency_retention = interval '10 minutes'")
	l.class("gated", "expires_after = interval '1 hour', idempotency_retention = interval '10 minutes', requires_approval = true")
	for _, state := range job.States() {
		l.clear()
		w := &walker{law: l, key: string(state)}
		w.bringTo(state)
		class := ask[string](l, "select class from lessee.job where id = $1", w.id)
		again := func() int64 { return ask[int64](l, "select lessee.fn_job_enqueue($1, p_key => $2)", class, w.key) }
		if id := again(); id != w.id {
			t.Errorf("%s: a second job %d beside %d", state, id, w.id)
		}
		want(l, state.Final(), "select expires_at between clock_timestamp() + interval '9 minutes' and clock_timestamp() + interval '10 minutes' is true from lessee.job_idempotency where class = $1 and key = $2", class, w.key)
		if !state.Final() {
			continue
		}
		l.exec("update lessee.job_idempotency set expires_at = clock_timestamp() where class = $1 and key = $2", class, w.key)
		id := again()
		if id == w.id || again() != id {
			t.Errorf("%s: after the retention job %d, want a new one, once", state, id)
		}
		l.sound()
	}
	if ask[int64](l, "select lessee.fn_job_enqueue('plain', p_key => 'shared')") == ask[int64](l, "select lessee.fn_job_enqueue('gated', p_key => 'shared')") {
		t.Error("two classes share a key")
	}
}

func TestKey_IsFreeOnceTheSweepHasForgottenIt(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "idempotency_retention = interval '0'")
	id, _ := enqueueKey(t.Context(), l.db, "plain", "k")
	l.exec("select lessee.fn_job_cancel($1)", id)
	l.exec("select * from lessee.fn_sweep(100)")
	want(l, 0, "select count(*)::int from lessee.job_idempotency")
	if again, err := enqueueKey(t.Context(), l.db, "plain", "k"); err != nil || again == id {
		t.Errorf("job %d again, %v", again, err)
	}
}

func TestKey_ThatAnEnqueuerOnlyMetIsNotLockedAgainstTheCommitOfItsJob(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	id, _ := enqueueKey(t.Context(), l.db, "plain", "k")
	lease := l.lease()
	j := l.claimOne(lease, "plain")
	producer, _ := l.begin() // stays open while the host commits
	if again, err := enqueueKey(t.Context(), producer, "plain", "k"); err != nil || again != id {
		t.Fatalf("job %d, %v", again, err)
	}
	host, _ := l.begin()
	if _, err := host.Exec(t.Context(), "set local lock_timeout = '1ms'"); err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal([]job.Outcome{outcome(j, job.Succeed)})
	l.expect(l.commitOn(host, lease, string(data))[0], job.Accepted, job.Succeeded, "")
}

func TestReplay_IsRefusedAndLosesNothingWhenAnotherJobHasTheKey(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "idempotency_retention = interval '0'")
	id, _ := enqueueKey(t.Context(), l.db, "plain", "k")
	lease := l.lease()
	l.commit(lease, outcome(l.claimOne(lease, "plain"), job.DeadLetter))
	other, _ := enqueueKey(t.Context(), l.db, "plain", "k")
	before := l.image()
	l.refused("LS409", []string{"has taken its idempotency key k"}, "select lessee.fn_job_replay($1, 'again')", id)
	if l.image() != before {
		t.Error("a refused replay changed a row")
	}
	l.inState(id, job.DeadLettered)
	l.exec("select lessee.fn_job_cancel($1)", other)
	want(l, true, "select lessee.fn_job_replay($1, 'again')", id)
	if again, err := enqueueKey(t.Context(), l.db, "plain", "k"); err != nil || again != id {
		t.Errorf("the key leads to job %d, %v; want the replayed %d", again, err, id)
	}
	l.sound()
}

func TestEnqueue_RefusesBadInputAndSaysWhatIsWrong(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `limits = '{"input_bytes": 1000}'`)
	l.class("strict", `payload_schema = '{"type": "object", "required": ["to"], "properties": {"to": {"type": "array", "items": {"type": "string"}}}}'`)
	for _, tc := range []struct{ args, state, says string }{
		{"'nowhere'", "LS404", "class 'nowhere' is not registered"},
		{"null", "LS404", "class NULL is not registered"},
		{"'plain', to_jsonb(repeat('x', 1000))", "LS413", "the payload is 1002 bytes; class plain takes at most 1000"},
		{"'plain', to_jsonb(repeat('x', 100000000))", "LS413", "the payload is 100000002 bytes"},
		{"'plain', null", "22023", "the payload is NULL"},
		{"'strict', '{\"to\": [\"a\", 7]}'", "LS422", "/to/1 must be string"},
		{"'strict', '{}'", "LS422", "/to is required"},
		{"'strict', '7'", "LS422", "(root) must be object"},
		{"'plain', p_priority => -1", "22023", "priority is -1; it must be from 0 (first) to 1000 (last)"},
		{"'plain', p_priority => 1001", "22023", "priority is 1001"},
		{"'plain', p_tracestate => repeat('x', 513)", "22023", "tracestate must be printable ASCII of at most 512 bytes"},
		{"'plain', p_tracestate => E'a\\nb'", "22023", "tracestate"},
		{"'plain', p_tracestate => 'ä=1'", "22023", "tracestate"},
		{"'plain', p_correlation_id => repeat('ä', 129)", "22023", "correlation_id must be at most 256 bytes"},
		{"'plain', p_key => ''", "22023", "the idempotency key must be from 1 to 512 bytes"},
		{"'plain', p_key => repeat('ä', 257)", "22023", "the idempotency key"},
		{"'plain', p_run_at => 'infinity'", "22023", "run_at must be a finite time"},
		{"'plain', p_run_at => '-infinity'", "22023", "run_at must be a finite time"},
		{"'plain', p_traceparent => ''", "22023", "traceparent '' is malformed"},
	} {
		l.refused(tc.state, []string{tc.says}, "select lessee.fn_job_enqueue("+tc.args+")")
	}
	want(l, 0, "select count(*)::int from lessee.job_queue")
	want(l, 0, "select count(*)::int from lessee.job_idempotency")
	for _, args := range []string{
		"'plain', to_jsonb(repeat('x', 998))", "'plain', 'null'", "'plain', p_priority => 0", "'plain', p_priority => 1000", "'plain', p_tracestate => repeat('x', 512)",
		"'plain', p_correlation_id => repeat('ä', 128)", "'plain', p_key => repeat('ä', 256)", "'plain', p_run_at => '0044-03-15 BC'",
	} {
		l.exec("select lessee.fn_job_enqueue(" + args + ")")
	}
	want(l, 8, "select count(*)::int from lessee.job_queue where state = 'ready'")
}

func TestTraceparent_IsReadAsGoReadsItAndRefusedAlike(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	fine := "00-" + traceID + "-" + spanID + "-01"
	for _, header := range []string{
		fine, "00-" + traceID + "-" + spanID + "-00", "00-" + traceID + "-" + spanID + "-03", "00-" + traceID + "-" + spanID + "-fe", "00-" + traceID + "-" + spanID + "-ff",
		"01-" + traceID + "-" + spanID + "-01", "cc-" + traceID + "-" + spanID + "-01-what-the-future-brings", "cc-" + traceID + "-" + spanID + "-01-",
		"ff-" + traceID + "-" + spanID + "-01", fine + "-more", fine + "-", fine + " ", " " + fine, fine + "\n", fine + "1", strings.ToUpper(fine),
		"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + traceID + "-" + spanID, "00-" + traceID + "-" + spanID + "-", "00-" + traceID[1:] + "-" + spanID + "-01", "00-" + traceID + "0-" + spanID + "-01",
		"0-" + traceID + "-" + spanID + "-01", "0g-" + traceID + "-" + spanID + "-01", "00_" + traceID + "_" + spanID + "_01", "cc-" + traceID + "-" + spanID + "-01x", "-", "nonsense",
	} {
		id, err := askOn[int64](t.Context(), l.db, "select lessee.fn_job_enqueue('plain', p_traceparent => $1)", header)
		trace, ok := abi.ParseTraceparent(header)
		if !ok {
			l.isRefusal(err, "22023", "traceparent", "is malformed")
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", header, err)
			continue
		}
		want(l, trace.String(), "select format('00-%s-%s-%s', trace_id, parent_span_id, case when sampled then '01' else '00' end) from lessee.job_payload where job_id = $1", id)
	}
	first, second := l.enqueue("plain"), l.enqueue("plain")
	want(l, 2, "select count(distinct trace_id)::int from lessee.job_payload where job_id in ($1, $2) and sampled", first, second)
}

func TestTrace_GoesFromTheEnqueuerToJobAttemptDeadLetterAndFollowUp(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, flags := range []string{"00", "01"} {
		id := ask[int64](l, "select lessee.fn_job_enqueue('plain', p_traceparent => $1, p_tracestate => 'a=1', p_correlation_id => 'order 7')", "00-"+traceID+"-"+spanID+"-"+flags)
		lease := l.lease()
		j := l.claimOne(lease, "plain")
		if j.ID != id || j.Trace.TraceID != traceID || j.Trace.SpanID != spanID || j.Trace.Sampled != (flags == "01") || j.Tracestate != "a=1" {
			t.Errorf("claimed %+v", j)
		}
		o := outcome(j, job.Park)
		o.Enqueue = []abi.FollowUp{{Class: "plain"}}
		l.commit(lease, o)
		follow := ask[int64](l, "select job_id from lessee.job_payload where parent_job_id = $1", id)
		const trace = "select concat_ws(' ', trace_id, parent_span_id, sampled::int, tracestate, correlation_id) from "
		want(l, strings.Join([]string{traceID, o.SpanID, flags[1:], "a=1", "order 7"}, " "), trace+"lessee.job_payload where job_id = $1", follow)
		own := strings.Join([]string{traceID, spanID, flags[1:], "a=1", "order 7"}, " ")
		want(l, own, trace+"lessee.job_attempt where job_id = $1", id)
		want(l, o.SpanID, "select span_id from lessee.job_attempt where job_id = $1", id)
		l.exec("select lessee.fn_job_cancel($1)", follow)
		l.exec("select lessee.fn_job_resume($1)", id)
		l.commit(lease, outcome(l.claimOne(lease, "plain"), job.DeadLetter))
		want(l, own, trace+"lessee.job_dead_letter where job_id = $1", id)
	}
}

func TestBulk_AcceptsAllOrNoneAndNamesTheElement(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `limits = '{"input_bytes": 1000}'`)
	l.class("strict", `payload_schema = '{"type": "string"}'`)
	before := l.image()
	for _, tc := range []struct{ jobs, state, says string }{
		{`[{"class": "plain"}, {"class": "nowhere"}]`, "LS404", "jobs[1]: class 'nowhere' is not registered"},
		{`[{}]`, "LS404", "jobs[0]: class NULL is not registered"},
		{`[{"class": "plain", "key": "k"}, {"class": "strict", "payload": 7}]`, "LS422", "jobs[1]: the payload breaks the schema of class strict: (root) must be string"},
		{`[{"class": "plain", "payload": "` + strings.Repeat("x", 1000) + `"}]`, "LS413", "jobs[0]: the payload is 1002 bytes"},
		{`[{"class": "plain"}, {"class": "plain"}, {"class": "plain", "priority": 5000}]`, "22023", "jobs[2]: priority is 5000"},
		{`[{"class": "plain", "priority": "urgent"}]`, "22P02", "jobs[0]: "},
		{`[{"class": "plain", "run_at": "tomorrowish"}]`, "22007", "jobs[0]: "},
		{`[{"class": "plain"}, 7]`, "22023", "jobs[1]: the job is number; it must be an object"},
		{`[{"class": "plain", "idempotency_key": "k"}]`, "22023", "jobs[0]: field 'idempotency_key' is unknown; the fields are class, payload, key"},
		{`{}`, "22023", "p_jobs must be a JSON array"},
		{`null`, "22023", "p_jobs must be a JSON array"},
	} {
		l.refused(tc.state, []string{tc.says}, "select * from lessee.fn_job_enqueue_bulk($1)", tc.jobs)
	}
	l.refused("22023", []string{"p_jobs must be a JSON array"}, "select * from lessee.fn_job_enqueue_bulk(null)")
	if l.image() != before {
		t.Error("a refused bulk left something behind")
	}

	rows, err := l.db.Query(t.Context(), "select ordinal, job_id, created from lessee.fn_job_enqueue_bulk($1)",
		`[{"class": "plain", "payload": null, "key": "k"}, {"class": "plain", "key": "k"}, {"class": "plain", "priority": 3, "run_at": "2999-01-01T00:00:00Z"}, {"class": "plain"}]`)
	if err != nil {
		t.Fatal(err)
	}
	type accepted struct {
		Ordinal int
		ID      int64
		Created bool
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accepted])
	if err != nil || len(got) != 4 || got[0].ID != got[1].ID || !got[0].Created || got[1].Created || got[3].Ordinal != 3 || !got[3].Created {
		t.Fatalf("%+v, %v", got, err)
	}
	want(l, "null", "select payload::text from lessee.job_payload where job_id = $1", got[0].ID)
	want(l, "{}", "select payload::text from lessee.job_payload where job_id = $1", got[3].ID)
	want(l, "3 scheduled", "select priority || ' ' || state from lessee.job where id = $1", got[2].ID)
	want(l, 0, "select count(*)::int from lessee.fn_job_enqueue_bulk('[]')")
	l.sound()
}

func TestEnqueue_IsPartOfTheCallersTransaction(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	tx, _ := l.begin()
	if _, err := enqueueKey(t.Context(), tx, "plain", "k"); err != nil {
		t.Fatal(err)
	}
	want(l, 0, "select count(*)::int from lessee.job")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(l, 0, "select count(*)::int from lessee.job_payload")
	want(l, 0, "select count(*)::int from lessee.job_idempotency")
}

// What is short where it is stored can be long where it is read: compressed
// text, and numbers with an exponent.
func TestEnqueue_MeasuresAPayloadAsTheTextThatAnExecutorReads(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `limits = '{"input_bytes": 100000}'`)
	l.exec("create table public.stored (payload jsonb)")
	l.exec("insert into public.stored select to_jsonb(repeat('x', 1000000)) union all select '[1e100000, 1]'")
	want(l, true, "select bool_and(pg_column_size(payload) < 20000) from public.stored")
	for _, call := range []string{
		"select lessee.fn_job_enqueue('plain', payload) from public.stored where jsonb_typeof(payload) = $1",
		"select lessee.fn_job_enqueue('plain', payload, 'key') from public.stored where jsonb_typeof(payload) = $1",
		"select b.job_id from public.stored, lessee.fn_job_enqueue_bulk(jsonb_build_array(jsonb_build_object('class', 'plain', 'payload', payload))) b where jsonb_typeof(payload) = $1",
	} {
		for _, kind := range []string{"string", "array"} {
			l.refused("LS413", []string{"takes at most 100000"}, call, kind)
		}
	}
	l.sound()
}

// Plain jobs go in by one statement, alone (fn_job_enqueue) or together
// (fn_job_insert_plain); whatever that way does not take goes the long one (fn_job_insert).
func TestEnqueue_TheShortWaysWriteWhatTheLongOneWrites(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "expires_after = interval '1 hour', priority = 7, retry_policy = '{\"max_attempts\": 2}'")
	l.class("asked", "requires_approval = true")
	const written = `select (to_jsonb(q) - array['id', 'run_at', 'enqueued_at', 'expires_at']
			|| jsonb_build_object('waits', q.run_at - q.enqueued_at, 'lasts', q.expires_at - q.run_at)
			|| to_jsonb(p) - array['job_id', 'enqueued_at'] - case when $2 then '{}' else array['trace_id', 'parent_span_id'] end)::text
		from lessee.job_queue q join lessee.job_payload p on p.job_id = q.id and p.enqueued_at = q.enqueued_at where q.id = $1`
	for _, document := range []string{
		`{"class": "plain"}`, `{"class": "asked", "payload": null}`, `{"class": "plain", "payload": [1, "\u00e9"], "priority": 1000}`, `{"class": "plain", "priority": 0}`,
		`{"class": "plain", "run_at": "2001-01-01T00:00:00Z"}`, `{"class": "plain", "tracestate": "a=1", "correlation_id": "order 7"}`,
		`{"class": "plain", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}`,
		`{"class": "plain", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"}`,
	} {
		traced := strings.Contains(document, "traceparent")
		const fields = `jsonb_to_record($1) r(class text, payload jsonb, key text, run_at timestamptz, priority integer, traceparent text, tracestate text, correlation_id text)`
		const payload = `coalesce($1::jsonb -> 'payload', '{}')`
		long := ask[string](l, written, ask[int64](l, "select i.job_id from "+fields+", lessee.fn_job_insert(class, "+payload+", key, run_at, priority, traceparent, tracestate, correlation_id, null) i", document), traced)
		for _, way := range []string{
			"select lessee.fn_job_enqueue(class, " + payload + ", key, run_at, priority, traceparent, tracestate, correlation_id) from " + fields,
			"select ids[1] from lessee.fn_job_insert_plain(jsonb_build_array($1::jsonb))",
			"select job_id from lessee.fn_job_enqueue_bulk(jsonb_build_array($1::jsonb))",
		} {
			if short := ask[string](l, written, ask[int64](l, way, document), traced); short != long {
				t.Errorf("%s\n by %s\nis  %s\nnot %s", document, way, short, long)
			}
		}
	}
	l.sound()
}

func TestWake_IsNotSilencedByAHostThatRunsAnotherClass(t *testing.T) {
	l := newLaw(t)
	l.class("busy", "")
	l.class("idle", "")
	lease := l.lease()
	conn, err := l.db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "listen lessee_wake"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		l.exec("select setval('lessee.wake_moment', 0)") // nobody was told of late
		l.enqueue("busy")
		l.exec("select setval('lessee.wake_moment', 0)")
		l.claimOne(lease, "busy")
		l.enqueue("idle")
	}
	for range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
}
