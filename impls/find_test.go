package impls

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const plainManifest = `{"about": "a", "language": "sh", "design": "none", "run": ["./run"]}`

func withVariants(names ...string) string {
	var variants []string
	for _, name := range names {
		variants = append(variants, `{"name": "`+name+`"}`)
	}
	return strings.TrimSuffix(plainManifest, "}") + `, "variants": [` + strings.Join(variants, ", ") + `]}`
}

// tree is a little impls folder. Each implementation is a Go package too, so that the go tool can be asked
// what it makes of a pattern.
func tree(t *testing.T) string {
	const code = "package main\nfunc main() {}\n"
	return inFolder(t, map[string]string{
		"go.mod":                   "module tree\n",
		"impls/bare/impl.json":     plainManifest,
		"impls/bare/main.go":       code,
		"impls/gnet/impl.json":     withVariants("", "edge", "reuseport"),
		"impls/gnet/main.go":       code,
		"impls/netpoll/impl.json":  plainManifest,
		"impls/netpoll/main.go":    code,
		"impls/reactor/impl.json":  withVariants("poll", "epoll"),
		"impls/reactor/main.go":    code,
		"impls/reactor/echo/x.txt": "a folder without a manifest",

		"impls/bare/testdata/hidden/impl.json": plainManifest,
		"impls/bare/testdata/hidden/main.go":   code,
		"impls/_old/impl.json":                 plainManifest,
		"impls/_old/main.go":                   code,
		"impls/.git/impl.json":                 plainManifest,
		"impls/.git/main.go":                   code,
	})
}

func names(found []Impl) string {
	var list []string
	for _, im := range found {
		list = append(list, im.Name)
	}
	return strings.Join(list, " ")
}

func TestFind(t *testing.T) {
	root := tree(t)
	t.Chdir(root)
	const all = "bare gnet gnet/edge gnet/reuseport netpoll reactor/poll reactor/epoll"
	for _, test := range []struct{ patterns, want string }{
		{"./impls/...", all},
		{"impls/...", all},
		{"./...", all},
		{"...", all},
		{root + "/impls/...", all},
		{"./impls/bare", "bare"},
		{"./impls/bare/", "bare"},
		{"./impls/bare/...", "bare"},
		{root + "/impls/bare", "bare"},
		{"./impls/gnet", "gnet gnet/edge gnet/reuseport"},
		{"./impls/gnet/...", "gnet gnet/edge gnet/reuseport"},
		{"./impls/gnet/edge", "gnet/edge"},
		{"./impls/gnet/edge/...", "gnet/edge"},
		{"./impls/gnet/e...", "gnet/edge"},
		{"./impls/.../e...", "gnet/edge reactor/epoll"},
		{"./impls/reactor/...", "reactor/poll reactor/epoll"},
		{"./impls/reactor/epoll", "reactor/epoll"},
		{"./impls/n...", "netpoll"},
		{"./impls/...net...", "gnet gnet/edge gnet/reuseport netpoll"},
		{"./impls/reactor/epoll ./impls/reactor/poll", "reactor/poll reactor/epoll"}, // the manifest's order
		{"./impls/netpoll ./impls/bare ./impls/...", all},                            // sorted, each once
		{"./impls/bare/testdata/hidden", "hidden"},                                   // named, it is meant
	} {
		found, err := Find(strings.Fields(test.patterns)...)
		if err != nil || names(found) != test.want {
			t.Errorf("Find(%s) = %s, %v; want %s", test.patterns, names(found), err, test.want)
		}
	}
}

// TestFindAsGo asks the go tool which folders a pattern means.
func TestFindAsGo(t *testing.T) {
	t.Chdir(tree(t))
	for _, pattern := range []string{"./...", "./impls/...", "./impls/net...", "./impls/...net...", "./impls/gnet", "./impls/bare/..."} {
		listed, err := exec.Command("go", "list", "-f", "{{.Dir}}", pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		found, err := Find(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var dirs []string
		for _, im := range found {
			if !slices.Contains(dirs, im.Dir) {
				dirs = append(dirs, im.Dir)
			}
		}
		if want := strings.Fields(string(listed)); !slices.Equal(dirs, want) {
			t.Errorf("%s: found %v, go list %v", pattern, dirs, want)
		}
	}
}

func TestFindWithoutPattern(t *testing.T) {
	t.Chdir(filepath.Join(tree(t), "impls", "gnet"))
	if found, err := Find(); err != nil || names(found) != "gnet gnet/edge gnet/reuseport" {
		t.Errorf("Find() = %s, %v", names(found), err)
	}
}

func TestFindFollowsALinkedRoot(t *testing.T) {
	root := tree(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(root, "impls"), link); err != nil {
		t.Fatal(err)
	}
	if found, err := Find(link + "/net..."); err != nil || names(found) != "netpoll" {
		t.Errorf("found %s, %v", names(found), err)
	}
}

// TestNothingMatched: no server is not success, and the error says what to do instead.
func TestNothingMatched(t *testing.T) {
	t.Chdir(tree(t))
	for _, test := range []struct{ pattern, want string }{
		{"./impls/gnat", "./impls/gnat matches nothing: there is no such folder (./impls/... means all of them)"},
		{"./impls/gnet/egde", "./impls/gnet/egde matches nothing: there is no such variant; there are gnet, gnet/edge, gnet/reuseport"},
		{"./impls", "./impls is no implementation: it holds no impl.json (impls/README.md shows one), but ./impls/... would mean the folders below"},
		{"./impls/reactor/echo/...", "./impls/reactor/echo/... matches no implementation: no folder there holds an impl.json"},
		{"./impls/bare/testdata/...", "./impls/bare/testdata/... matches no implementation: no folder there holds an impl.json"},
		{"./nowhere/...", "./nowhere/... matches no implementation: no folder there holds an impl.json"},
	} {
		found, err := Find("./impls/bare", test.pattern)
		if err == nil || err.Error() != test.want {
			t.Errorf("Find(%s) = %s, %v; want the error %s", test.pattern, names(found), err, test.want)
		}
	}
}

func TestTwoFoldersOfOneName(t *testing.T) {
	dir := inFolder(t, map[string]string{"a/echo/impl.json": plainManifest, "b/echo/impl.json": plainManifest})
	t.Chdir(dir)
	_, err := Find("./...")
	if err == nil || !strings.Contains(err.Error(), "a/echo and b/echo are both called echo") {
		t.Errorf("error is %v", err)
	}
}

func TestABrokenManifestIsNotPassedOver(t *testing.T) {
	t.Chdir(inFolder(t, map[string]string{"good/impl.json": plainManifest, "typo/impl.json": `{"abuot": ""}`}))
	_, err := Find("./...")
	if want := `typo/impl.json: unknown field "abuot"`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
