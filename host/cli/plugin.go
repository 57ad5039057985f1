package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/author"
)

const pluginLong = `The author's loop, from an idea to a module that a host runs:

  lessee plugin new --lang go greet && cd greet
  lessee plugin build                           # compile, and admit as a host does
  lessee plugin test                            # tests/NAME.input.json to .expected.json
  lessee plugin run --payload '{"name": "you"}' # one job, under a host's limits
  lessee plugin check                           # what a host would have against it
  lessee plugin push --class greet --create --reason 'first version'

Only push needs a database. A folder holds its own copy of the SDK, and builds
without a network.`

func (a *app) pluginCommand() *cobra.Command {
	return a.groupOf("plugin", "Plugins: write, build, try and ship what executes jobs", pluginLong,
		a.pluginNewCommand(), a.pluginBuildCommand(), a.pluginRunCommand(), a.pluginTestCommand(), a.pluginCheckCommand(), a.pluginWatchCommand(),
		a.pluginInspectCommand(), a.pluginBenchCommand(), a.pluginPackCommand(), a.pluginSignCommand(), a.pluginPushCommand(),
		a.pluginPullCommand(), a.pluginSDKCommand(), a.pluginSetupCommand())
}

// cacheFlag is where compiled code is kept: where a host keeps it, so that
// neither compiles what the other has.
func cacheFlag(c *cobra.Command) *string {
	return c.Flags().String("cache-dir", host.DefaultConfig().CacheDir, "where compiled modules are kept; empty: nowhere")
}

// inWorkshop lets f use an engine.
func (a *app) inWorkshop(ctx context.Context, cacheDir string, f func(*author.Workshop) error) error {
	w, err := author.OpenWorkshop(ctx, cacheDir)
	if err != nil {
		return err
	}
	return errors.Join(f(w), w.Close(context.WithoutCancel(ctx)))
}

// target is what a command of plugin works on: a plugin's folder, or a module.
type target struct {
	project *author.Project // nil: a module on its own
	file    string
}

// targetOf reads the one argument: a folder, a file, or nothing for this folder.
func targetOf(args []string) (target, error) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return target{}, codedError{fmt.Errorf("it is neither a plugin's folder nor a module: %w", err), ExitNotFound}
	case !info.IsDir():
		return target{file: path}, nil
	}
	p, err := openProject(path)
	if err != nil {
		return target{}, err
	}
	return target{p, p.Product()}, nil
}

// projectOf is the plugin of a command that takes folders only.
func projectOf(args []string) (*author.Project, error) {
	t, err := targetOf(args)
	if err == nil && t.project == nil {
		err = misused("%s is a file: name the plugin's folder, which holds a %s", t.file, author.ProjectFile)
	}
	return t.project, err
}

func openProject(dir string) (*author.Project, error) {
	p, err := author.Open(dir)
	switch {
	case errors.Is(err, author.ErrNoProject):
		return nil, codedError{err, ExitNotFound}
	case err != nil:
		return nil, refused("%w", err)
	}
	return p, nil
}

// module reads the target's module, after building it if its sources are newer.
func (a *app) module(ctx context.Context, w *author.Workshop, t target) ([]byte, error) {
	if t.project != nil {
		stale, err := t.project.Stale()
		if err != nil {
			return nil, err
		}
		if stale {
			if err := a.build(ctx, w, t.project, a.errs); err != nil {
				return nil, err
			}
		}
	}
	data, err := os.ReadFile(t.file)
	if err != nil {
		return nil, refused("read the module: %w", err)
	}
	return data, nil
}

// withModule lets f use the target's module.
func (a *app) withModule(ctx context.Context, cacheDir string, t target, f func(*author.Module) error) error {
	return a.inWorkshop(ctx, cacheDir, func(w *author.Workshop) error {
		data, err := a.module(ctx, w, t)
		if err != nil {
			return err
		}
		m, err := w.Load(ctx, data)
		if err != nil {
			return refused("no host would run %s: %w", filepath.Base(t.file), err)
		}
		return errors.Join(f(m), m.Close(context.WithoutCancel(ctx)))
	})
}
