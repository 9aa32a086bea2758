package impls

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestManifest(t *testing.T) {
	dir := inFolder(t, map[string]string{"impl.json": `{
		"about": "libevent bufferevents", "language": "C", "design": "single reactor",
		"build": ["make", "OUT={out}"], "run": ["{out}/echo"], "needs": ["cc"], "features": ["ipv6"],
		"known": {"close/fin": "one", "data/order": "two"},
		"variants": [
			{"name": "epoll"},
			{"name": "poll", "about": "the same on poll", "design": "other", "args": ["-m=poll"], "env": ["EVENT_NOEPOLL=1", "EMPTY="],
			 "needs": ["make"], "known": {"data/order": "three", "conn/idle": "four"}}
		]}`})
	found, err := readManifest(dir)
	if err != nil || len(found) != 2 {
		t.Fatalf("%d variants, %v", len(found), err)
	}
	first, second := found[0], found[1]
	if first.About != "libevent bufferevents" || first.Design != "single reactor" || len(first.Args)+len(first.Env) != 0 || len(first.Needs) != 1 {
		t.Errorf("the first variant is not the plain one: %+v", first)
	}
	if second.About != "the same on poll" || second.Design != "other" || strings.Join(second.Needs, " ") != "cc make" || len(second.Env) != 2 || second.Args[0] != "-m=poll" {
		t.Errorf("the second variant lacks its own: %+v", second)
	}
	if want := map[string]string{"close/fin": "one", "data/order": "three", "conn/idle": "four"}; !maps.Equal(second.Known, want) {
		t.Errorf("known is %v, want %v", second.Known, want)
	}
	if want := map[string]string{"close/fin": "one", "data/order": "two"}; !maps.Equal(first.Known, want) {
		t.Errorf("a variant's known failures leaked into another: %v", first.Known)
	}
	if !first.Has("ipv6") || first.Has("unix") {
		t.Errorf("features are %v", first.Features)
	}
}

// TestManifestIsStrict: each mistake is refused, in one sentence that names the field and the variant.
func TestManifestIsStrict(t *testing.T) {
	const head = `"about": "a", "language": "b", "design": "c"`
	for _, test := range []struct{ manifest, want string }{
		{`{` + head + `, "run": ["x"], "enviroment": []}`, `unknown field "enviroment"`},
		{`{` + head + `, "run": "x"}`, `field "run" is of the wrong type: it holds a JSON string`},
		{`{` + head + `, "run": ["x", 7]}`, `field "run" is of the wrong type: it holds a JSON number`},
		{`{` + head + `, "run": ["x"], "run": ["y"]}`, `field "run" is given twice`},
		{`{` + head + `, "run": ["x"], "known": {"a/b": "1", "a/b": "2"}}`, `field "a/b" is given twice`},
		{`{` + head + `, "run": ["x"]} {}`, `there is text behind the closing brace`},
		{`{` + head + `, "run": ["x"]`, `not JSON: it ends too early`},
		{"{\n" + head + ",\n\"run\": [,]}", `not JSON, at line 3: invalid character ',' looking for beginning of value`},
		{``, `not JSON: it ends too early`},
		{`[]`, `an object is expected, not a JSON array`},
		{`{"language": "b", "design": "c", "run": ["x"]}`, `field "about" is empty: every table shows it`},
		{`{"about": "a", "language": " ", "design": "c", "run": ["x"]}`, `field "language" is empty: every table shows it`},
		{`{"about": "a", "language": "b", "run": ["x"]}`, `field "design" is empty: every table shows it`},
		{`{` + head + `}`, `field "run" is empty and the folder holds no Go program that could be built instead`},
		{`{` + head + `, "build": ["make"]}`, `field "build" is given, so field "run" must say what to run afterwards`},
		{`{` + head + `, "run": [""]}`, `field "run" holds an empty word`},
		{`{` + head + `, "run": ["x"], "needs": [""]}`, `field "needs" holds an empty word`},
		{`{` + head + `, "run": ["x"], "features": ["ipv5"]}`, `field "features": "ipv5" is not one of ipv6, unix, idle-timeout, io_uring`},
		{`{` + head + `, "run": ["x"], "known": {"close/half-close": ""}}`, `field "known": "close/half-close" has no reason; say why it fails, with a link`},
		{`{` + head + `, "run": ["x"], "known": {"Half Close": "r"}}`, `field "known": "Half Close" is not the slug of a check, such as close/half-close-backlog`},
		{`{` + head + `, "run": ["x"], "known": {"close": "r"}}`, `field "known": "close" is not the slug of a check, such as close/half-close-backlog`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a"}, {"name": "a"}]}`, `variant 2 ("a"): another variant has that name already`},
		{`{` + head + `, "run": ["x"], "variants": [{}, {}]}`, `variant 2 (""): another variant has that name already`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a b"}]}`, `variant 1 ("a b"): field "name": a variant is called by small letters and digits, joined by . _ or -`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a/b"}]}`, `variant 1 ("a/b"): field "name": a variant is called by small letters and digits, joined by . _ or -`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a"}, {"name": "b", "arg": []}]}`, `variant 2 ("b"): unknown field "arg"`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a", "args": "-x"}]}`, `variant 1 ("a"): field "args" is of the wrong type: it holds a JSON string`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a", "env": ["PATH"]}]}`, `variant 1 ("a"): field "env": "PATH" is not of the form KEY=VALUE`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a", "env": ["=x"]}]}`, `variant 1 ("a"): field "env": "=x" is not of the form KEY=VALUE`},
		{`{` + head + `, "run": ["x"], "variants": [{"name": "a", "known": {"a/b": " "}}]}`, `variant 1 ("a"): field "known": "a/b" has no reason; say why it fails, with a link`},
		{`{` + head + `, "run": ["x"], "variants": ["a"]}`, `variant 1 (""): an object is expected, not a JSON string`},
		{`{` + head + `, "run": ["x"], "variants": {"a": {}}}`, `field "variants" is of the wrong type: it holds a JSON object`},
	} {
		_, err := parseManifest(t.TempDir(), []byte(test.manifest))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s\n got %v\nwant %s", test.manifest, err, test.want)
		}
	}
}

// TestGoNeedsNoRun: a folder of Go is built and run without being told how.
func TestGoNeedsNoRun(t *testing.T) {
	const manifest = `{"about": "a", "language": "Go", "design": "c"}`
	if _, err := readManifest(inFolder(t, map[string]string{"impl.json": manifest, "main.go": "package main"})); err != nil {
		t.Error(err)
	}
	if _, err := readManifest(inFolder(t, map[string]string{"impl.json": manifest, "main_test.go": "package main"})); err == nil {
		t.Error("a folder with tests alone was taken for a program")
	}
}

// TestVariantFeatures: what a variant claims adds to what all of them claim, and is checked like it.
func TestVariantFeatures(t *testing.T) {
	const manifest = `{"about": "a", "language": "C", "design": "d", "run": ["x"], "features": ["unix"],
		"variants": [{"name": "poll"}, {"name": "ring", "features": [%s]}]}`
	found, err := parseManifest("/impls/a", fmt.Appendf(nil, manifest, `"io_uring"`))
	if err != nil || found[0].Has("io_uring") || !found[1].Has("io_uring") || !found[1].Has("unix") {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := parseManifest("/impls/a", fmt.Appendf(nil, manifest, `"uring"`)); err == nil || !strings.Contains(err.Error(), `"uring" is not one of`) {
		t.Errorf("a feature that nobody checks: %v", err)
	}
}
