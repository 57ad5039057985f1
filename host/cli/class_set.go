package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

const classSetLong = `Creates a class, or changes one; what no flag names stays as it is. A change
needs a --reason, which the row keeps. A new class needs --runtime and --owner,
and is disabled until "lessee class enable".

--limit and --retry set single keys; a key without a value goes back to its
default. The keys and their defaults: lessee class show CLASS.`

const classSetExample = `  lessee class set thumbnail --runtime wasm --module thumbnail@1.2.0 --owner media --reason 'first version'
  lessee class set thumbnail --module thumbnail@1.3.0 --reason 'fixes rotated images'
  lessee class set thumbnail --candidate thumbnail@2.0.0 --canary 10 --reason 'try it on a tenth of the jobs'
  lessee class set thumbnail --limit wall_ms=5000 --limit memory_bytes= --reason 'it is quick now'
  lessee class set mailer --grant-http 'POST https://api.example.com/v1/ credential=mail' --reason 'it may send mail'
  lessee class set mailer --process '{"secrets": {"SMTP_PASSWORD": "smtp"}, "network": true, "pool": 2}' --reason 'two at once'
  lessee class set thumbnail --payload-schema @payload.schema.json --reason 'refuse what it can not do'`

// classFlags are the flags of class set, before they are looked at.
type classFlags struct {
	runtime, module, command, owner, reason, exitPath string
	candidate, isolation, process, containment        string
	canary                                            int
	limits, retry                                     []string
	grantClasses, grantCommands, grantHTTP            []string
	config, payloadSchema, resultSchema               string
	concurrency, priority                             int
	approval                                          bool
	retention, expires                                time.Duration
}

func (a *app) classSetCommand() *cobra.Command {
	c := &cobra.Command{Use: "set CLASS", Short: "Create or change a class", Long: classSetLong, Example: classSetExample,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass}
	var f classFlags
	f.define(c.Flags())
	timeout := waitFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		change, err := f.change(a, args[0], c.Flags())
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.saveClass(ctx, desk, change, f.module, *timeout) })
	})
	return c
}

func (f *classFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.runtime, "runtime", "", "wasm, go_plugin or command")
	flags.StringVar(&f.module, "module", "", "NAME@VERSION or sha256 of a registered module")
	flags.StringVar(&f.candidate, "candidate", "", "NAME@VERSION or sha256 of a module to try on a share of the jobs; empty ends the trial")
	flags.IntVar(&f.canary, "canary", 0, "percent of the jobs that run on the candidate")
	flags.StringVar(&f.isolation, "isolation", "", "job: every attempt starts clean; reuse: on an instance that earlier attempts left")
	flags.StringVar(&f.process, "process", "", "JSON of how its processes run, the whole of it, for runtime go_plugin; @file reads a file")
	flags.StringVar(&f.containment, "containment", "", "best, required or off: how much of the containment of processes a host must have")
	flags.StringVar(&f.command, "command", "", "name of a registered command")
	flags.StringArrayVar(&f.limits, "limit", nil, "KEY=VALUE of a limit; may be repeated")
	flags.StringArrayVar(&f.retry, "retry", nil, "KEY=VALUE of the retry policy; may be repeated")
	flags.StringSliceVar(&f.grantClasses, "grant-class", nil, "classes that its results may enqueue, all of them")
	flags.StringSliceVar(&f.grantCommands, "grant-command", nil, "commands that its results may run, all of them")
	flags.StringArrayVar(&f.grantHTTP, "grant-http", nil, "METHODS URL [credential=NAME,…] [private[=NETWORK,…]]: requests that it may send; may be repeated, all of them; empty for none")
	flags.StringVar(&f.config, "config", "", "JSON that every envelope carries; @file reads a file")
	flags.StringVar(&f.payloadSchema, "payload-schema", "", "JSON Schema of payloads; @file reads a file, null takes it away")
	flags.StringVar(&f.resultSchema, "result-schema", "", "JSON Schema of outputs; @file reads a file, null takes it away")
	flags.IntVar(&f.concurrency, "concurrency", 0, "attempts at once on one host")
	flags.IntVar(&f.priority, "priority", 0, "of jobs that name none: 0 first, 1000 last")
	flags.BoolVar(&f.approval, "requires-approval", false, "jobs wait for lessee job approve")
	flags.DurationVar(&f.retention, "idempotency-retention", 0, "how long a key holds after its job ended")
	flags.DurationVar(&f.expires, "expires-after", 0, "jobs not done by then expire; 0: never")
	flags.StringVar(&f.owner, "owner", "", "who answers for it")
	flags.StringVar(&f.reason, "reason", "", "why the class is as it will be (needed)")
	flags.StringVar(&f.exitPath, "exit-path", "", "how to live without it")
}

func (f *classFlags) change(a *app, class string, flags *pflag.FlagSet) (change postgres.ClassChange, err error) {
	if f.reason == "" {
		return change, misused("--reason is missing: the row says why the class is as it is")
	}
	change = postgres.ClassChange{
		Class: class, Reason: f.reason,
		Runtime: given(flags, "runtime", f.runtime), Command: given(flags, "command", f.command),
		Isolation: given(flags, "isolation", f.isolation), Containment: given(flags, "containment", f.containment),
		CanaryPercent: given(flags, "canary", f.canary), CandidateSHA256: given(flags, "candidate", f.candidate),
		Concurrency: given(flags, "concurrency", f.concurrency), Priority: given(flags, "priority", f.priority),
		RequiresApproval: given(flags, "requires-approval", f.approval),
		Retention:        given(flags, "idempotency-retention", f.retention), ExpiresAfter: given(flags, "expires-after", f.expires),
		Owner: given(flags, "owner", f.owner), ExitPath: given(flags, "exit-path", f.exitPath),
	}
	if change.Limits, err = keyValues("--limit", f.limits); err != nil {
		return change, err
	}
	if change.RetryPolicy, err = keyValues("--retry", f.retry); err != nil {
		return change, err
	}
	if change.Grants, err = f.grants(flags); err != nil {
		return change, err
	}
	for flag, into := range map[string]*json.RawMessage{"config": &change.Config, "process": &change.Process, "payload-schema": &change.PayloadSchema, "result-schema": &change.ResultSchema} {
		if !flags.Changed(flag) {
			continue
		}
		if *into, err = a.jsonArgument("--"+flag, flags.Lookup(flag).Value.String()); err != nil {
			return change, err
		}
	}
	return change, nil
}

func (f *classFlags) grants(flags *pflag.FlagSet) (map[string]any, error) {
	grants := map[string]any{}
	if flags.Changed("grant-class") {
		grants["classes"] = append([]string{}, f.grantClasses...)
	}
	if flags.Changed("grant-command") {
		grants["commands"] = append([]string{}, f.grantCommands...)
	}
	if flags.Changed("grant-http") {
		list, err := httpGrants(f.grantHTTP)
		if err != nil {
			return nil, err
		}
		grants["http"] = list
	}
	if len(grants) == 0 {
		return nil, nil
	}
	return grants, nil
}

// given is the value of a flag, if the flag is there.
func given[T any](flags *pflag.FlagSet, name string, value T) *T {
	if !flags.Changed(name) {
		return nil
	}
	return &value
}

// keyValues reads KEY=VALUE, the value as JSON; KEY= takes the key away.
func keyValues(flag string, pairs []string) (map[string]any, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	out := map[string]any{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || key == "":
			return nil, misused("%s %s: it must be KEY=VALUE", flag, pair)
		case value == "":
			out[key] = nil
		case !json.Valid([]byte(value)):
			return nil, misused("%s %s: %s is no number", flag, pair, value)
		default:
			out[key] = json.RawMessage(value)
		}
	}
	return out, nil
}

func (a *app) saveClass(ctx context.Context, desk *postgres.Desk, change postgres.ClassChange, module string, wait time.Duration) error {
	if err := errors.Join(findModule(ctx, desk, module, &change.ModuleSHA256), findModule(ctx, desk, text(change.CandidateSHA256), &change.CandidateSHA256)); err != nil {
		return err
	}
	created, err := desk.SaveClass(ctx, change)
	if err != nil {
		return err
	}
	if created {
		fmt.Fprintf(a.out, "class %s is registered, and disabled until: lessee class enable %s\n", change.Class, change.Class)
		return nil
	}
	fmt.Fprintf(a.out, "class %s is changed\n", change.Class)
	if change.ModuleSHA256 == nil {
		return nil
	}
	return a.awaitSwitch(ctx, desk, change.Class, wait)
}

// findModule puts the digest of the module that ref names into digest; an empty
// ref leaves it as it is.
func findModule(ctx context.Context, desk *postgres.Desk, ref string, digest **string) error {
	if ref == "" {
		return nil
	}
	found, err := desk.Module(ctx, ref)
	if err == nil {
		*digest = &found.SHA256
	}
	return err
}
