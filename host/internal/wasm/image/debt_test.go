package image

import "testing"

// spend runs jobs that write so many pages each, and returns how often
// protecting anew was due and how many pages were copied in vain.
func spend(d *debt, all, jobs int, writes func(job int) int) (renewed, vain int) {
	written := 0 // pages not protected
	for job := range jobs {
		written = max(written, writes(job))
		vain += written - writes(job)
		if d.due(written, all) {
			renewed++
			written = 0
		}
	}
	return renewed, vain
}

func TestDebt_IsSeldomDueWhenJobsAreAlike(t *testing.T) {
	renewed, vain := spend(&debt{fault: 8}, 2048, 1000, func(int) int { return 44 })
	if renewed > 5 || vain != 0 {
		t.Errorf("due %d times in 1000 jobs, %d pages in vain", renewed, vain)
	}
}

func TestDebt_OneHeavyJobDoesNotSlowAllThatFollow(t *testing.T) {
	for name, heavy := range map[string]int{"first": 0, "later": 5} {
		t.Run(name, func(t *testing.T) {
			renewed, vain := spend(&debt{fault: 8}, 2048, 10_000, func(job int) int {
				if job == heavy {
					return 2048
				}
				return 44
			})
			if renewed > 60 || vain > 200*2048 {
				t.Errorf("due %d times in 10,000 jobs, %d pages in vain", renewed, vain)
			}
		})
	}
}
