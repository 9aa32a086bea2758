package impls

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// manifestName is the file that makes a folder an implementation.
const manifestName = "impl.json"

// A manifest is impl.json as it is written. It is read strictly, because a misspelt field would otherwise
// quietly turn into a server that was tested with less than its author thinks.
type manifest struct {
	About    string            `json:"about"`
	Language string            `json:"language"`
	Design   string            `json:"design"`
	Build    []string          `json:"build"`
	Run      []string          `json:"run"`
	Needs    []string          `json:"needs"`
	Features []string          `json:"features"`
	Variants []json.RawMessage `json:"variants"` // decoded one by one, so that an error can name the variant
	Known    map[string]string `json:"known"`
}

// A variant is the same program started differently. Its Needs, Features and Known add to the manifest's;
// its Design, if any, stands in the place of the manifest's.
type variant struct {
	Name   string            `json:"name"`
	About  string            `json:"about"`
	Design string            `json:"design"`
	Args   []string          `json:"args"`
	Env    []string          `json:"env"`
	Needs  []string          `json:"needs"`
	Known  map[string]string `json:"known"`

	Features []string `json:"features"`
}

// features are the claims that the conformance suite knows how to check.
var features = []string{"ipv6", "unix", "idle-timeout", "io_uring"}

var (
	variantForm = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)                    // io_uring-poll
	slugForm    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$`) // close/half-close-backlog
)

// readManifest returns the variants of the implementation in dir, in the order of its manifest.
func readManifest(dir string) ([]Impl, error) {
	path := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found, err := parseManifest(dir, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shortPath(path), err)
	}
	return found, nil
}

func parseManifest(dir string, text []byte) ([]Impl, error) {
	var m manifest
	if err := decodeStrictly(text, &m); err != nil {
		return nil, err
	}
	if err := m.check(dir); err != nil {
		return nil, err
	}
	variants, err := m.variants()
	if err != nil {
		return nil, err
	}
	var found []Impl
	for place, v := range variants {
		im := m.impl(dir, v)
		im.place = place
		found = append(found, im)
	}
	return found, nil
}

// variants decodes and checks them; a manifest without any has one, called by its folder.
func (m manifest) variants() ([]variant, error) {
	if len(m.Variants) == 0 {
		return []variant{{}}, nil
	}
	var variants []variant
	for i, raw := range m.Variants {
		v, err := parseVariant(raw)
		if err != nil {
			return nil, fmt.Errorf("variant %d (%q): %w", i+1, v.Name, err)
		}
		if slices.ContainsFunc(variants, func(w variant) bool { return w.Name == v.Name }) {
			return nil, fmt.Errorf("variant %d (%q): another variant has that name already", i+1, v.Name)
		}
		variants = append(variants, v)
	}
	return variants, nil
}

func parseVariant(raw json.RawMessage) (variant, error) {
	var v variant
	if err := decodeStrictly(raw, &v); err != nil {
		return v, err
	}
	return v, v.check()
}

func (m manifest) impl(dir string, v variant) Impl {
	im := Impl{
		Name: filepath.Base(dir), Folder: filepath.Base(dir), Dir: dir,
		About: m.About, Language: m.Language, Design: m.Design,
		Build: m.Build, Run: m.Run, Args: v.Args, Env: v.Env,
		Needs: slices.Concat(m.Needs, v.Needs), Features: slices.Concat(m.Features, v.Features),
		Known: make(map[string]string),
	}
	if v.Name != "" {
		im.Name += "/" + v.Name
	}
	if v.About != "" {
		im.About = v.About
	}
	if v.Design != "" {
		im.Design = v.Design
	}
	maps.Copy(im.Known, m.Known)
	maps.Copy(im.Known, v.Known)
	return im
}

// check holds a manifest to what its types cannot say.
func (m manifest) check(dir string) error {
	for _, field := range []struct{ name, value string }{{"about", m.About}, {"language", m.Language}, {"design", m.Design}} {
		if strings.TrimSpace(field.value) == "" {
			return fmt.Errorf("field %q is empty: every table shows it", field.name)
		}
	}
	if len(m.Build) > 0 && len(m.Run) == 0 {
		return errors.New(`field "build" is given, so field "run" must say what to run afterwards`)
	}
	if len(m.Run) == 0 && !holdsGo(dir) {
		return errors.New(`field "run" is empty and the folder holds no Go program that could be built instead`)
	}
	return errors.Join(checkWords("build", m.Build), checkWords("run", m.Run), checkWords("needs", m.Needs),
		checkFeatures(m.Features), checkKnown(m.Known))
}

func (v variant) check() error {
	if v.Name != "" && !variantForm.MatchString(v.Name) {
		return errors.New(`field "name": a variant is called by small letters and digits, joined by . _ or -`)
	}
	for _, entry := range v.Env {
		if key, _, ok := strings.Cut(entry, "="); !ok || key == "" {
			return fmt.Errorf("field \"env\": %q is not of the form KEY=VALUE", entry)
		}
	}
	return errors.Join(checkWords("needs", v.Needs), checkFeatures(v.Features), checkKnown(v.Known))
}

func checkFeatures(claimed []string) error {
	for _, feature := range claimed {
		if !slices.Contains(features, feature) {
			return fmt.Errorf("field \"features\": %q is not one of %s", feature, strings.Join(features, ", "))
		}
	}
	return nil
}

func checkWords(field string, words []string) error {
	if slices.Contains(words, "") {
		return fmt.Errorf("field %q holds an empty word", field)
	}
	return nil
}

func checkKnown(known map[string]string) error {
	for _, slug := range slices.Sorted(maps.Keys(known)) {
		if !slugForm.MatchString(slug) {
			return fmt.Errorf("field \"known\": %q is not the slug of a check, such as close/half-close-backlog", slug)
		}
		if strings.TrimSpace(known[slug]) == "" {
			return fmt.Errorf("field \"known\": %q has no reason; say why it fails, with a link", slug)
		}
	}
	return nil
}

// holdsGo reports whether `go build` has something to build in dir.
func holdsGo(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	return slices.ContainsFunc(files, func(file string) bool { return !strings.HasSuffix(file, "_test.go") })
}

// shortPath is path as somebody in the working directory would write it.
func shortPath(path string) string {
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return path
}
