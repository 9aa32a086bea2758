package impls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decodeStrictly fills one JSON object and refuses everything that encoding/json lets pass in silence:
// unknown fields, a field given twice, and text behind the object.
func decodeStrictly(text []byte, into any) error {
	if err := twiceGiven(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return inOneSentence(err, text)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return inOneSentence(err, text)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is text behind the closing brace")
	}
	return nil
}

// twiceGiven walks one value and finds a key that stands twice in the same object. The case of letters does not tell
// keys apart, because it does not tell encoding/json's fields apart.
func twiceGiven(decoder *json.Decoder) error {
	token, err := decoder.Token()
	opening, composite := token.(json.Delim)
	if err != nil || !composite {
		return err
	}
	seen := make(map[string]bool)
	for decoder.More() {
		if opening == '{' {
			if err := newKey(decoder, seen); err != nil {
				return err
			}
		}
		if err := twiceGiven(decoder); err != nil {
			return err
		}
	}
	_, err = decoder.Token() // the closing brace or bracket
	return err
}

func newKey(decoder *json.Decoder, seen map[string]bool) error {
	key, err := decoder.Token()
	if err != nil {
		return err
	}
	folded := strings.ToLower(key.(string))
	if seen[folded] {
		return fmt.Errorf("field %q is given twice", key)
	}
	seen[folded] = true
	return nil
}

// inOneSentence rewrites the errors of encoding/json for somebody who looks at a manifest, not at Go types.
func inOneSentence(err error, text []byte) error {
	var wrongType *json.UnmarshalTypeError
	var badSyntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Errorf("an object is expected, not a JSON %s", wrongType.Value)
	case errors.As(err, &wrongType):
		return fmt.Errorf("field %q is of the wrong type: it holds a JSON %s", wrongType.Field, wrongType.Value)
	case errors.As(err, &badSyntax):
		line := 1 + bytes.Count(text[:min(int(badSyntax.Offset), len(text))], []byte("\n"))
		return fmt.Errorf("not JSON, at line %d: %w", line, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: it ends too early")
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("unknown field %s", field)
	}
	return err
}
