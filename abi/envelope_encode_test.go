package abi

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func FuzzEncodeEnvelope_SaysWhatEncodingJSONSays(f *testing.F) {
	f.Add(int64(1), "page", "key", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1", int64(1_700_000_000_123_456_789), `{"a": [1, "<&>"]}`)
	f.Add(int64(-1), "a\"b\\c\x00\u2028é\xff<", "", "", "", int64(0), "")
	f.Add(int64(1<<62), "", "<>&", "x", "", int64(-1), "null")
	f.Add(int64(0), "", "", "", "", int64(1<<62), "{")
	f.Fuzz(func(t *testing.T, id int64, class, key, parent, state string, nanos int64, payload string) {
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 3600)} {
			at := time.Unix(0, nanos).In(zone)
			e := Envelope{ABI: Version, Job: Job{ID: id, Class: class, Attempt: 2, MaxAttempts: -3, EnqueuedAt: at, Deadline: at.Truncate(time.Second), IdempotencyKey: key},
				Trace: Trace{Traceparent: parent, Tracestate: state}, Config: json.RawMessage(payload), Payload: json.RawMessage(payload)}
			want, wantErr := encode(e)
			got, err := EncodeEnvelope(e)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("got error %v, want %v", err, wantErr)
			}
			if err == nil && !bytes.Equal(got, want) {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}
