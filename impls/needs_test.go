package impls

import (
	"fmt"
	"testing"
)

// TestMissing looks on a machine of three programs, one of them a pkg-config that knows one library.
func TestMissing(t *testing.T) {
	machine := inFolder(t, map[string]string{
		"cc":         "#!/bin/sh\n",
		"erl":        "#!/bin/sh\n",
		"pkg-config": "#!/bin/sh\n[ \"$1\" = --exists ] && [ \"${2%% *}\" = libuv ]\n",
	})
	bare := t.TempDir()
	for _, test := range []struct{ path, need, want string }{
		{machine, "cc", ""},
		{machine, "erl", ""},
		{machine, "pkg-config:libuv", ""},
		{machine, "pkg-config:libuv >= 1.0", ""},
		{machine, "make", "make is not installed (apt install make)"},
		{machine, "pkg-config:libevent", "pkg-config:libevent is not installed (apt install libevent-dev)"},
		{machine, "pkg-config:libevent >= 2.1", "pkg-config:libevent >= 2.1 is not installed (apt install libevent-dev)"},
		{machine, "pkg-config:libfoo", "pkg-config:libfoo is not installed (install the development package that holds libfoo.pc)"},
		{machine, "ocaml", "ocaml is not installed (install the package that brings the program ocaml)"},
		{bare, "cc", "cc is not installed (apt install gcc)"},
		{bare, "pkg-config:libuv", "pkg-config is not installed (apt install pkg-config)"},
	} {
		t.Setenv("PATH", test.path)
		got := ""
		if missing := (Impl{Needs: []string{test.need}}).Missing(); len(missing) > 0 {
			got = fmt.Sprint(missing[0])
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.need, got, test.want)
		}
	}
}

func TestMissingNamesEachOnce(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	missing := Impl{Needs: []string{"cc", "make", "pkg-config:libevent", "pkg-config:libuv"}}.Missing()
	if got, want := fmt.Sprint(missing), "[cc is not installed (apt install gcc) make is not installed (apt install make) pkg-config is not installed (apt install pkg-config)]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
