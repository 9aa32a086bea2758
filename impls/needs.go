package impls

import (
	"os/exec"
	"slices"
	"strings"
)

// A Need is something that an implementation needs and that is not installed.
type Need struct {
	Name    string // as the manifest calls it: "cc", "pkg-config:libevent"
	Package string // what brings it on Debian and its relatives, "" where that is not known here
	Install string // the way out in a few words: "apt install gcc"
}

func (n Need) String() string { return n.Name + " is not installed (" + n.Install + ")" }

// packages says which Debian package brings a need. The names are those of Debian 12 and 13 and Ubuntu 24.04.
var packages = map[string]string{
	"cc":      "gcc",
	"gcc":     "gcc",
	"c++":     "g++",
	"g++":     "g++",
	"clang":   "clang",
	"make":    "make",
	"cmake":   "cmake",
	"cargo":   "cargo",
	"node":    "nodejs",
	"python3": "python3",
	"java":    "default-jdk-headless",
	"javac":   "default-jdk-headless",
	"zig":     "zig",

	"pkg-config":                   "pkg-config",
	"pkg-config:libevent":          "libevent-dev",
	"pkg-config:libevent_pthreads": "libevent-dev",
	"pkg-config:libuv":             "libuv1-dev",
	"pkg-config:liburing":          "liburing-dev",
	"pkg-config:libev":             "libev-dev",
}

// Missing returns what the implementation needs and this machine lacks. A need is the name of a program
// ("cc", "make"), or pkg-config:NAME for a C library with its headers, where NAME may carry a version
// as pkg-config writes it ("pkg-config:libevent >= 2.1").
func (im Impl) Missing() []Need {
	var missing []Need
	for _, name := range im.Needs {
		absent := lacking(name)
		if absent == "" {
			continue
		}
		if need := newNeed(absent); !slices.Contains(missing, need) {
			missing = append(missing, need)
		}
	}
	return missing
}

// lacking returns what must be installed for the need: itself, or pkg-config first, or "" when it is there.
func lacking(name string) string {
	library, isLibrary := strings.CutPrefix(name, "pkg-config:")
	if !isLibrary {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
		return ""
	}
	if _, err := exec.LookPath("pkg-config"); err != nil {
		return "pkg-config"
	}
	if exec.Command("pkg-config", "--exists", library).Run() != nil {
		return name
	}
	return ""
}

func newNeed(name string) Need {
	plain, _, _ := strings.Cut(name, " ") // without a version
	if debian, ok := packages[plain]; ok {
		return Need{Name: name, Package: debian, Install: "apt install " + debian}
	}
	if library, ok := strings.CutPrefix(plain, "pkg-config:"); ok {
		return Need{Name: name, Install: "install the development package that holds " + library + ".pc"}
	}
	return Need{Name: name, Install: "install the package that brings the program " + plain}
}
