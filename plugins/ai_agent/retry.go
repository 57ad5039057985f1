package main

import (
	"strconv"
	"strings"
	"time"
)

// maxWait keeps a number of seconds within what a duration holds.
const maxWait = 365 * 24 * time.Hour

// retryAfter reads the header of that name: seconds, or a date, which is held
// against the server's own clock when it tells it.
// Source: RFC 9110, section 10.2.3
func retryAfter(header map[string][]string) (time.Duration, bool) {
	text := strings.TrimSpace(strings.Join(header["retry-after"], ","))
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int64(maxWait/time.Second))) * time.Second, true
	}
	at, ok := parseDate(text)
	if !ok {
		return 0, false
	}
	now, ok := parseDate(strings.Join(header["date"], ","))
	if !ok {
		now = time.Now()
	}
	return max(0, min(at.Sub(now), maxWait)), true
}

// parseDate reads the three forms of RFC 9110, section 5.6.7. Package net/http
// has it too, and would make the module larger by millions of bytes.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (c *config) maxRetryAfter() time.Duration {
	return min(time.Duration(min(c.MaxRetryAfterMS, int64(maxWait/time.Millisecond)))*time.Millisecond, maxWait)
}
