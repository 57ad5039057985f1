package conformance

import (
	"context"
	"encoding/json"

	"github.com/lessee-run/lessee/host/internal/author"
)

// Options say how a module is to be tried.
type Options struct {
	Payloads []json.RawMessage                          // examples of what it takes; none: {}
	Class    func(*author.Module) (author.Class, error) // that its jobs are of; nil: author.ClassOf
}

// check is one thing that holds of a good module.
type check struct {
	id, holds string
	needs     need
	look      func(context.Context, *trial) (finding, error)
}

// need is what a check can't do without.
type need int

const (
	theFile  need = iota
	readable      // its sections, exports and manifest
	admitted      // by the engine
	aSample       // an example that it answers
	aSuccess      // an example that it answers with success
)

func checks() []check {
	return []check{
		{"admission", "a host takes the module through every stage", theFile, checkAdmission},
		{"manifest", "it says of itself who it is", readable, checkManifest},
		{"schemas", "its JSON Schemas can be held to by the database", readable, checkSchemas},
		{"http", "it wants HTTP if it uses it, and only then", readable, checkHTTPWant},
		{"names", "a trap can name functions", readable, checkNames},
		{"size", "it carries nothing that no host reads", readable, checkSize},
		{"start", "its state is kept, so that a job costs no start", admitted, checkStart},
		{"answers", "every example is answered: no trap, no exit", admitted, checkAnswers},
		{"result", "answers are results that Postgres can store", admitted, checkResults},
		{"limits", "examples stay well within the limits of the class", admitted, checkLimits},
		{"output", "outputs fit the schema", admitted, checkOutputs},
		{"grants", "effects are those that the manifest wants", admitted, checkGrants},
		{"log", "log lines are UTF-8 text", admitted, checkLog},
		{"stdout", "it logs by the host's function, not by printing", admitted, checkStdout},
		{"envelope", "envelopes of other hosts are understood", aSample, checkEnvelopes},
		{"types", "a payload of wrong types is refused, not fallen over", aSample, checkTypes},
		{"texts", "any text is taken", aSample, checkTexts},
		{"numbers", "numbers at the limits are taken or refused", aSample, checkNumbers},
		{"large", "a payload as large as the class allows is taken or refused", aSample, checkLarge},
		{"deep", "a payload nested deeply is taken or refused", aSample, checkDeep},
		{"clean", "one job is as the other, twenty times", aSuccess, checkClean},
		{"fuel", "the same input takes the same fuel", aSuccess, checkFuel},
		{"again", "admitted again, it is the same", aSuccess, checkAgain},
		{"random", "chance differs from job to job", aSuccess, checkRandom},
		{"clock", "nothing is left of the date at which it was prepared", aSuccess, checkClock},
		{"reuse", "an instance can be used again (isolation reuse)", aSuccess, checkReuse},
		{"memory", "it ends in order when memory is short", aSuccess, checkMemory},
		{"stop", "fuel, time and cancelling stop it, and the next job is as if nothing was", aSuccess, checkStop},
	}
}

// Plugin tries a module as w's engine runs it, and tells what became of every
// check, in their order. An error says that it could not be tried to the end.
func Plugin(ctx context.Context, w *author.Workshop, module []byte, o Options) (outcomes []Outcome, err error) {
	t, err := newTrial(ctx, w, module, o)
	if err != nil {
		return nil, err
	}
	defer t.close(context.WithoutCancel(ctx))
	for _, c := range checks() {
		found, err := c.on(ctx, t)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, Outcome{c.id, c.holds, found.verdict, found.reason, found.where})
	}
	return outcomes, nil
}

// on looks whether the check holds, if it can.
func (c check) on(ctx context.Context, t *trial) (finding, error) {
	if why := t.lacks(c.needs); why != "" {
		return skips("%s", why), nil
	}
	return c.look(ctx, t)
}
