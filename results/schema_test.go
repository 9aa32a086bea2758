package results

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write schema.json anew from the code")

const schemaFile = "schema.json"

// schemaValues are the rules that no type has.
var schemaValues = map[string]map[string]any{
	"schema":  {"minimum": 1, "maximum": SchemaNumber},
	"purpose": {"enum": []string{"search", "sweep", "scale", "scaling law", "syscalls", "pauses", "pair", "calibration"}},
	"loop":    {"enum": []string{"closed", "open", "idle"}},
	"role":    {"enum": []string{"base", "head"}},
	"impl":    {"minLength": 1},
}

// recordSchema describes a line of records.jsonl from the fields of Record and their comments. Fields that are not in it are allowed: a
// later program may write more without a new schema number.
func recordSchema(t *testing.T) []byte {
	t.Helper()
	comments, properties, required := fieldComments(t), make(map[string]any), []string{}
	record := reflect.TypeFor[Record]()
	for i := range record.NumField() {
		field := record.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		property := schemaType(t, field.Type)
		for rule, value := range schemaValues[name] {
			property[rule] = value
		}
		if comment := comments[field.Name]; comment != "" {
			property["description"] = comment
		}
		properties[name] = property
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a line of records.jsonl",
		"description": "One cell: a fresh server process under one workload in one block. What was not measured is absent, which is not the same as zero; a cell with an error has no figures.",
		"type":        "object", "properties": properties, "required": required,
	}); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func schemaType(t *testing.T, of reflect.Type) map[string]any {
	t.Helper()
	switch of.Kind() {
	case reflect.Pointer:
		return schemaType(t, of.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaType(t, of.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaType(t, of.Elem())}
	}
	if of == reflect.TypeFor[time.Time]() {
		return map[string]any{"type": "string", "format": "date-time"}
	}
	t.Fatalf("no rule for the type %v", of)
	return nil
}

// fieldComments are the words behind the fields of Record, by the fields' names.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "record.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Comment != nil {
			for _, name := range field.Names {
				comments[name.Name] = strings.TrimSpace(field.Comment.Text())
			}
		}
		return true
	})
	return comments
}

func TestTheSchemaIsThatOfTheCode(t *testing.T) {
	want := recordSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not made from this code (%v); go test ./results -run Schema -update", schemaFile, err)
	}
}

// published is the schema as a stranger would use it.
func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, line []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestCommittedRecordsFollowTheSchema(t *testing.T) {
	schema := published(t)
	files, err := filepath.Glob("*/" + recordsFile)
	if err != nil || len(files) == 0 {
		t.Fatalf("no run is kept here: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
			if err := validate(t, schema, line); err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
		}
	}
}

func TestNewRecordsFollowTheSchema(t *testing.T) {
	schema := published(t)
	zero, weight, failed, traced := int64(0), -3.5, sample("gnet", "closed-64", 1), sample("bare", "closed-64", 0)
	failed.Error, failed.Faults = "it died", map[string]int64{"reset": 3}
	traced.Purpose, traced.Syscalls, traced.StealNs, traced.BytesPerIdleConn = "syscalls", map[string]int64{"read": 7}, &zero, &weight
	scaled, law := sample("bare", "closed-64", 0), sample("bare", "closed-64", 0)
	scaled.Purpose, law.Purpose = "scale", "scaling law"
	for _, r := range []Record{openSample("bare", 0), bounded("bare", 0), failed, traced, scaled, law} {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, line); err != nil {
			t.Error(err)
		}
	}
}

// TestTheSchemaRefuses what is no record.
func TestTheSchemaRefuses(t *testing.T) {
	schema := published(t)
	good, err := json.Marshal(sample("bare", "closed-64", 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string]any){
		"a missing server":    func(r map[string]any) { delete(r, "impl") },
		"a later schema":      func(r map[string]any) { r["schema"] = SchemaNumber + 1 },
		"a count in words":    func(r map[string]any) { r["conns"] = "many" },
		"a part of a request": func(r map[string]any) { r["requests"] = 1.5 },
		"another loop":        func(r map[string]any) { r["loop"] = "spiral" },
		"a time that is none": func(r map[string]any) { r["ts"] = "yesterday" },
		"faults in a row":     func(r map[string]any) { r["faults"] = []string{"reset"} },
	} {
		var r map[string]any
		if err := json.Unmarshal(good, &r); err != nil {
			t.Fatal(err)
		}
		change(r)
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if validate(t, schema, line) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
