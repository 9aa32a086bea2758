package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"reactorbench/impls"
)

// Workloads and suites are data, so that a new one is a new file and no new code.
//
//go:embed workloads/*.json suites/*.json
var builtin embed.FS

// A Suite is a list of workloads and how much effort goes into each.
type Suite struct {
	Name      string   `json:"-"`
	About     string   `json:"about"`
	Workloads []string `json:"workloads"`
	Blocks    int      `json:"blocks"`
	MeasureMs int      `json:"measure_ms"` // the measured window of a cell

	FirstVariantOnly bool     `json:"first_variant_only,omitempty"`
	AllVariantsOf    []string `json:"all_variants_of,omitempty"` // folders that FirstVariantOnly does not concern
	LeaveOut         []string `json:"leave_out,omitempty"`       // servers, such as variants that differ only where there are several loops
}

// Measure is the measured window of a cell.
func (s Suite) Measure() time.Duration { return time.Duration(s.MeasureMs) * time.Millisecond }

// Picks chooses from implementations in the order of impls.Find, where the variants of a folder stand together.
func (s Suite) Picks(found []impls.Impl) []impls.Impl {
	everyVariant := make(map[string]bool)
	for _, folder := range s.AllVariantsOf {
		everyVariant[folder] = true
	}
	seen := make(map[string]bool)
	var picked []impls.Impl
	for _, im := range found {
		if !slices.Contains(s.LeaveOut, im.Name) && (!s.FirstVariantOnly || everyVariant[im.Folder] || !seen[im.Folder]) {
			picked = append(picked, im)
		}
		seen[im.Folder] = true
	}
	return picked
}

// loadSuite finds a suite by its name, or in a file if name looks like one.
func loadSuite(name string) (Suite, error) {
	s := Suite{Name: strings.TrimSuffix(filepath.Base(name), ".json")}
	if err := load("suite", name, &s); err != nil {
		return Suite{}, err
	}
	switch {
	case len(s.Workloads) == 0:
		return Suite{}, fmt.Errorf("suite %s: field workloads is empty", name)
	case s.Blocks < 1:
		return Suite{}, fmt.Errorf("suite %s: field blocks is %d; it must be at least 1", name, s.Blocks)
	case s.MeasureMs < 1:
		return Suite{}, fmt.Errorf("suite %s: field measure_ms is %d; it must be at least 1", name, s.MeasureMs)
	}
	return s, nil
}

// load reads the JSON file of a workload or suite into v.
func load(kind, name string, v any) error {
	data, err := readDefinition(kind, name)
	if err != nil {
		return err
	}
	if err := decodeStrictly(data, v); err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

func readDefinition(kind, name string) ([]byte, error) {
	if strings.HasSuffix(name, ".json") {
		return os.ReadFile(name)
	}
	data, err := builtin.ReadFile(path.Join(kind+"s", name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no %s is called %q; there are %s", kind, name, strings.Join(names(kind), ", "))
	}
	return data, err
}

// decodeStrictly refuses fields that v does not have and anything behind the object.
func decodeStrictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return inWords(err, v)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more text behind the object")
	}
	return nil
}

// inWords turns an error of package json into one for people who know the file and not the program.
func inWords(err error, v any) error {
	var wrong *json.UnmarshalTypeError
	text := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("field %s is a %s; it must be %s", wrong.Field, wrong.Value, kindText(wrong.Type.Kind()))
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return errors.New("the text ends before the object does")
	case strings.HasPrefix(text, "unknown field"):
		return fmt.Errorf("%s; there are %s", text, strings.Join(fieldNames(reflect.TypeOf(v).Elem()), ", "))
	}
	return errors.New(text)
}

func kindText(k reflect.Kind) string {
	switch k {
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Pointer:
		return "an object"
	}
	return "a text"
}

// fieldNames are the fields of a file, and of the objects within it as field.field.
func fieldNames(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		names = append(names, name)
		inner := f.Type
		if inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == t.PkgPath() {
			for _, below := range fieldNames(inner) {
				names = append(names, name+"."+below)
			}
		}
	}
	return names
}

// names lists the built-in workloads or suites.
func names(kind string) []string {
	files, err := fs.Glob(builtin, kind+"s/*.json")
	if err != nil {
		panic(err) // the pattern is well-formed
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return files
}
