package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// quoted is what stands in the lines of Go that FINDINGS.md names, and in those that links of manifests lead to.
var quoted = map[string]string{
	"gnet eventloop_unix.go:265–272":          `return el.close(c, os.NewSyscallError("read", err))`,
	"gnet eventloop_unix.go:372–382":          "gio.Writev(c.fd, iov)",
	"gnet connection_unix.go:142–180":         "c.outboundBuffer.Write(data)",
	"gnet acceptor_unix.go:37–44":             "return errors.ErrAcceptSocket",
	"gnet acceptor_unix.go:86–93":             "return errors.ErrAcceptSocket",
	"gnet reactor_default.go:33–41":           "el.engine.shutdown(err)",
	"gnet reactor_default.go:66–74":           "el.engine.shutdown(err)",
	"gnet engine_unix.go:198–228":             "eng.closeEventLoops()",
	"gnet eventloop_unix.go:264–272":          "unix.Read(c.fd, el.buffer)",
	"gnet connection_unix.go:162–172":         "return 0, err",
	"gnet eventloop_unix.go:333–339":          `return el.close(c, os.NewSyscallError("write", err))`,
	"gnet eventloop_unix.go:115":              "goroutine.DefaultWorkerPool.Submit",
	"gnet pkg/pool/goroutine/goroutine.go:44": "var DefaultWorkerPool = Default()",
	"ants ants.go:292–314":                    "time.NewTicker(nowTimeUpdateInterval)",
	"netpoll poll_default_linux.go:131":       "syscall.EPOLLRDHUP",
	"netpoll connection_reactor.go:27–32":     "c.closeBy(poller)",
	"netpoll connection_impl.go:260–261":      "if !c.IsActive() {",
	"netpoll connection_impl.go:327–328":      "if !c.IsActive() {",
	"netpoll connection_reactor.go:86–118":    "c.inputBuffer.book(c.bookSize, c.maxSize)",
	"netpoll connection_impl.go:520–523":      "err != syscall.EAGAIN",
	"netpoll net_io.go:39–45":                 "if err == syscall.EAGAIN {",
	"netpoll net_io.go:30–32":                 "err == syscall.EINTR",
	"netpoll poll_default_linux.go:176":       "logger.Printf",
	"netpoll net_listener.go:92":              "syscall.Accept(ln.fd)",
	"go internal/poll/splice_linux.go:99–109": "sock.pd.waitRead(sock.isFile)",
	"link ants ants.go:292":                   "const nowTimeUpdateInterval",
	"link gnet acceptor_unix.go:42":           "default:",
	"link gnet connection_unix.go:172":        "return 0, err",
	"link gnet engine_unix.go:198":            "func (eng *engine) stop(",
	"link gnet eventloop_unix.go:266":         "if err == unix.EAGAIN {",
	"link gnet eventloop_unix.go:363":         "func (el *eventloop) close(",
	"link netpoll connection_impl.go:521":     "err != syscall.EAGAIN",
	"link netpoll net_listener.go:92":         "syscall.Accept(ln.fd)",
	"link netpoll poll_default_linux.go:176":  "logger.Printf",
}

// libraries are the modules whose lines are quoted.
var libraries = map[string]string{"gnet": "github.com/panjf2000/gnet/v2", "netpoll": "github.com/cloudwego/netpoll", "ants": "github.com/panjf2000/ants/v2"}

// goVersion is the one whose library FINDINGS.md quotes.
const goVersion = "go1.26.8"

// A place is some lines of a file of a library.
type place struct {
	library, file string
	first, last   int
}

func (p place) String() string {
	if p.first == p.last {
		return fmt.Sprintf("%s %s:%d", p.library, p.file, p.first)
	}
	return fmt.Sprintf("%s %s:%d–%d", p.library, p.file, p.first, p.last)
}

var (
	lines = regexp.MustCompile("`(?:([\\w/.-]+\\.go):)?(\\d+)(?:–(\\d+))?`")
	link  = regexp.MustCompile(`https://github\.com/[\w-]+/(\w+)/blob/(v[\d.]+)/([\w/.-]+)#L(\d+)`)
)

// placesIn are those that a section of FINDINGS.md names. Lines without a file are of the file before.
func placesIn(name, body string) (all []place) {
	library, _, _ := strings.Cut(name, "-")
	file := ""
	for _, at := range lines.FindAllStringSubmatch(body, -1) {
		if at[1] != "" {
			file = at[1]
		}
		if file == "" {
			continue // of a C file
		}
		p := place{library: library, file: file}
		if file == "ants.go" {
			p.library = "ants"
		}
		p.first, _ = strconv.Atoi(at[2])
		if p.last = p.first; at[3] != "" {
			p.last, _ = strconv.Atoi(at[3])
		}
		all = append(all, p)
	}
	return all
}

// TestQuotedLines: the lines that findings and manifests point to say what they are quoted for, in the versions of go.mod. Whoever
// takes a newer one is told which are to be looked up again. The C sources of libevent are not at hand.
func TestQuotedLines(t *testing.T) {
	text, err := os.ReadFile("FINDINGS.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]place{}
	for _, f := range findings(string(text)) {
		_, body, _ := strings.Cut(string(text), "\n## "+f.name+"\n")
		body, _, _ = strings.Cut(body, "\n## ")
		for _, p := range placesIn(f.name, body) {
			found[p.String()] = p
		}
	}
	maps.Copy(found, linked(t))
	if names, want := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(quoted)); !slices.Equal(names, want) {
		t.Errorf("quoted are\n%s\nknown are\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	for name, p := range found {
		if p.library == "go" && runtime.Version() != goVersion {
			t.Logf("%s: not looked up in %s", name, runtime.Version())
			continue
		}
		if got := p.text(t); !strings.Contains(got, quoted[name]) {
			t.Errorf("%s does not say %q but\n%s", name, quoted[name], got)
		}
	}
}

// linked are the places to which manifests link, which must be of the versions of go.mod.
func linked(t *testing.T) map[string]place {
	all := map[string]place{}
	manifests, _ := filepath.Glob("../impls/*/impl.json")
	for _, manifest := range manifests {
		text, err := os.ReadFile(manifest)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range link.FindAllStringSubmatch(string(text), -1) {
			p := place{library: at[1], file: at[3]}
			p.first, _ = strconv.Atoi(at[4])
			p.last = p.first
			if version := module(t, p.library, "{{.Module.Version}}"); version != at[2] {
				t.Errorf("%s links to %s; go.mod has %s", manifest, at[0], version)
			}
			all["link "+p.String()] = p
		}
	}
	return all
}

// module asks the go command about a library.
func module(t *testing.T, library, what string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", what, libraries[library]).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", libraries[library], err)
	}
	return strings.TrimSpace(string(out))
}

// text is what stands there.
func (p place) text(t *testing.T) string {
	dir := ""
	if p.library == "go" {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(strings.TrimSpace(string(root)), "src")
	} else {
		dir = module(t, p.library, "{{.Dir}}")
	}
	source, err := os.ReadFile(filepath.Join(dir, p.file))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(string(source), "\n")
	if p.last > len(all) {
		return fmt.Sprintf("(it has %d lines)", len(all))
	}
	return strings.Join(all[p.first-1:p.last], "\n")
}

// TestAQuoteCanBeWrong keeps the test above honest.
func TestAQuoteCanBeWrong(t *testing.T) {
	places := placesIn("gnet-idle", "as in `a.go:3–4` and `7`, not in `c.c:9`, `ants.go:1`")
	want := []place{{"gnet", "a.go", 3, 4}, {"gnet", "a.go", 7, 7}, {"ants", "ants.go", 1, 1}}
	if !slices.Equal(places, want) {
		t.Errorf("%v, want %v", places, want)
	}
	if got := (place{"netpoll", "net_io.go", 30, 32}).text(t); strings.Contains(got, quoted["netpoll net_listener.go:92"]) {
		t.Errorf("net_io.go says %s", got)
	}
}
