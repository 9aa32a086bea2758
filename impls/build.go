package impls

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Builder compiles implementations into a directory of its own, outside every source tree.
// Building is apart from starting so that no compile time ever falls into a measurement.
type Builder struct {
	dir string

	mu    sync.Mutex // one build at a time: compilers use every core by themselves
	built map[string]*outcome
}

// An outcome is what became of the build of one folder; its variants share it.
type outcome struct {
	out string // the private directory, {out} in the manifest
	err error
}

// NewBuilder makes the directory. Close removes it.
func NewBuilder() (*Builder, error) {
	dir, err := os.MkdirTemp("", "reactorbench-build-")
	if err != nil {
		return nil, err
	}
	return &Builder{dir: dir, built: make(map[string]*outcome)}, nil
}

// Close removes what was built. Programs of this builder cannot be started afterwards.
func (b *Builder) Close() error { return os.RemoveAll(b.dir) }

// Build compiles the implementation's folder, once for all its variants, and returns the program of this variant.
// The end of the compiler's output is in the error.
func (b *Builder) Build(ctx context.Context, im Impl) (*Program, error) {
	if missing := im.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("%s cannot be built: %s", im.Name, missing[0])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	result, ok := b.built[im.Dir]
	if !ok {
		result = b.compile(ctx, im)
		if ctx.Err() == nil { // a build that was called off may be tried again
			b.built[im.Dir] = result
		}
	}
	if result.err != nil {
		return nil, result.err
	}
	im.Args = substitute(im.Args, "{out}", result.out)
	return &Program{Impl: im, argv: runArgv(im, result.out), dir: im.Dir, contract: true}, nil
}

func (b *Builder) compile(ctx context.Context, im Impl) *outcome {
	out := filepath.Join(b.dir, fmt.Sprintf("%d-%s", len(b.built), im.Folder))
	if err := os.Mkdir(out, 0o755); err != nil && !os.IsExist(err) {
		return &outcome{err: err}
	}
	argv := buildArgv(im, out)
	if len(argv) == 0 {
		return &outcome{out: out}
	}
	if text, err := runBuild(ctx, im.Dir, argv); err != nil {
		return &outcome{err: fmt.Errorf("build of %s failed: %s: %w\n%s", im.Folder, strings.Join(argv, " "), err, lastLines(text, 20))}
	}
	return &outcome{out: out}
}

// goServer is what `go build` calls the program of a folder that names none.
const goServer = "{out}/server"

// buildArgv is the manifest's, or `go build` for a folder of Go that says nothing, or empty.
func buildArgv(im Impl, out string) []string {
	argv := im.Build
	if len(argv) == 0 && len(im.Run) == 0 {
		// Trimmed of paths and of the commit, the program is the same bytes wherever and whenever it is built.
		argv = []string{"go", "build", "-trimpath", "-buildvcs=false", "-o", goServer, "."}
	}
	return substitute(argv, "{out}", out)
}

func runArgv(im Impl, out string) []string {
	argv := im.Run
	if len(argv) == 0 {
		argv = []string{goServer}
	}
	return substitute(argv, "{out}", out)
}

// runBuild runs the compiler in its own process group, so that calling it off ends make's children too,
// and returns the end of what it wrote.
func runBuild(ctx context.Context, dir string, argv []string) (string, error) {
	wrote := newTail(8 << 10)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, wrote, wrote
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	return wrote.String(), err
}

// substitute replaces pairs of old and new text in every word.
func substitute(words []string, pairs ...string) []string {
	replacer := strings.NewReplacer(pairs...)
	replaced := make([]string, len(words))
	for i, word := range words {
		replaced[i] = replacer.Replace(word)
	}
	return replaced
}
