package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// A factGroup is one object of env.json, laid flat for reading.
type factGroup struct {
	Name  string
	Facts []fact
}

// A fact is a name and a value in words.
type fact struct{ Name, Value string }

// factGroups flattens any JSON object: its own fields form the groups. It knows no field by name, so a fact that is added to the
// environment shows in the report at once.
func factGroups(v any) ([]factGroup, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	fields, err := objectFields(data)
	if err != nil {
		return nil, err
	}
	general := factGroup{Name: "run"}
	var groups []factGroup
	for _, field := range fields {
		facts := flatten("", field.value)
		if len(facts) == 1 && facts[0].Name == "" {
			general.Facts = append(general.Facts, fact{spaced(field.name), facts[0].Value})
		} else if len(facts) > 0 {
			groups = append(groups, factGroup{spaced(field.name), facts})
		}
	}
	return append([]factGroup{general}, groups...), nil
}

// A jsonField keeps the order in which the fields were written, which a map would lose.
type jsonField struct {
	name  string
	value json.RawMessage
}

func objectFields(data []byte) (fields []jsonField, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil { // the opening brace
		return nil, err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		field := jsonField{name: fmt.Sprint(name)}
		if err := decoder.Decode(&field.value); err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	return fields, nil
}

// flatten turns a value into facts named by their path below prefix. Lists of plain values become one fact.
func flatten(prefix string, value json.RawMessage) (facts []fact) {
	switch value[0] {
	case '{':
		fields, err := objectFields(value)
		if err != nil {
			return nil
		}
		for _, field := range fields {
			facts = append(facts, flatten(strings.TrimSpace(prefix+" "+spaced(field.name)), field.value)...)
		}
		return facts
	case '[':
		return flattenList(prefix, value)
	case '"':
		var text string
		if json.Unmarshal(value, &text) != nil {
			return nil
		}
		return []fact{{prefix, text}}
	default:
		return []fact{{prefix, string(value)}}
	}
}

func flattenList(prefix string, value json.RawMessage) (facts []fact) {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return nil
	}
	var plain []string
	for i, element := range elements {
		inner := flatten(fmt.Sprintf("%s %d", prefix, i+1), element)
		if element[0] == '{' {
			facts = append(facts, inner...)
		} else if len(inner) == 1 {
			plain = append(plain, inner[0].Value)
		}
	}
	if len(plain) > 0 {
		facts = append(facts, fact{prefix, strings.Join(plain, " ")})
	}
	return facts
}

// ours is how this project writes names; the name of a sysctl or of a module is somebody else's and stays as it is.
var ours = regexp.MustCompile(`^[a-z0-9_]+$`)

func spaced(name string) string {
	if !ours.MatchString(name) {
		return name
	}
	return strings.ReplaceAll(name, "_", " ")
}
