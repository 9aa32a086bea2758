package results

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// inheritedSettings are the variables by which Go programs change their behaviour, servers included.
var inheritedSettings = []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS", "GOTRACEBACK", "GOFLAGS", "GOAMD64"}

// Describe fills in everything that does not depend on the plan: the machine, the checkout and the state before the run.
func Describe() Env {
	machine := DescribeMachine()
	env := Env{Schema: SchemaNumber, EnvID: machine.ID(), Machine: machine, Go: toolchain(), Compiler: compiler()}
	env.Commit, env.Branch, env.Dirty = Checkout()
	env.State = State{UptimeSeconds: uptime(), DescriptorLimit: descriptorLimit(), ClockReadNs: clockCost(), ClockResolutionNs: clockResolution()}
	env.State.LoadBefore, env.State.PressureBefore = load()
	return env
}

// DescribeEnd adds the state after the run.
func (e *Env) DescribeEnd(now time.Time) {
	e.Plan.Ended = now.UTC()
	e.State.LoadAfter, e.State.PressureAfter = load()
}

// Checkout asks git about the working directory; all are empty outside a checkout.
func Checkout() (commit, branch string, dirty bool) {
	commit = git("rev-parse", "--short", "HEAD")
	if commit == "" {
		return "", "", false
	}
	branch = git("rev-parse", "--abbrev-ref", "HEAD")
	return commit, branch, git("status", "--porcelain", "--untracked-files=no") != ""
}

func git(arguments ...string) string {
	out, err := exec.Command("git", arguments...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func compiler() string {
	out, err := exec.Command("cc", "--version").Output()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

func toolchain() Toolchain {
	t := Toolchain{Version: runtime.Version(), Process: make(map[string]string)}
	if info, ok := debug.ReadBuildInfo(); ok {
		t.Settings = settings(info)
	}
	for _, name := range inheritedSettings {
		if value, ok := os.LookupEnv(name); ok {
			t.Process[name] = value
		}
	}
	return t
}

// settings keeps of a build's settings those that change code; paths and the like stay out.
func settings(info *debug.BuildInfo) map[string]string {
	kept := make(map[string]string)
	for _, s := range info.Settings {
		switch s.Key {
		case "GOARCH", "GOOS", "GOAMD64", "GOARM64", "CGO_ENABLED", "-race", "-tags", "-buildmode", "-compiler", "DefaultGODEBUG", "GOEXPERIMENT":
			kept[s.Key] = s.Value
		}
	}
	return kept
}

// DescribeProgram reads the program of a living server: its hash, and for a Go program the versions of its modules. That is
// the program as it runs, which the source beside it need not be.
func DescribeProgram(impl string, pid int) (Program, error) {
	path := executable(pid)
	if path == "" {
		return Program{Impl: impl}, nil
	}
	sum, err := fileHash(path)
	if err != nil {
		return Program{}, err
	}
	p := Program{Impl: impl, SHA256: sum, Libraries: libraries(pid)}
	if info, err := buildinfo.ReadFile(path); err == nil {
		p.GoVersion, p.Settings, p.Modules = info.GoVersion, settings(info), make(map[string]string)
		for _, module := range info.Deps {
			p.Modules[module.Path] = module.Version
		}
	}
	return p, nil
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// clockCost times the clock with itself: the engine reads it once a request.
func clockCost() float64 {
	const readings = 20_000
	began := time.Now()
	for range readings {
		_ = time.Since(began)
	}
	return float64(time.Since(began).Nanoseconds()) / readings
}
